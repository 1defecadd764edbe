import { FolderInUseError, lockDataFolder } from '../database/data-folder-lock.ts'

/** A process that locks folders at the very moment it is told, and keeps them. Answers whether it got one. */
process.on('message', ({ folder, atMs }: { folder: string, atMs: number }) => {
  while (performance.timeOrigin + performance.now() < atMs); // a timer would be too late
  process.send!(lock(folder))
})
process.send!('ready')

function lock(folder: string): boolean {
  try {
    lockDataFolder(folder)
    return true
  } catch (error) {
    if (error instanceof FolderInUseError) return false
    throw error
  }
}
