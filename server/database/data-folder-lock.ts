import { execFileSync } from 'node:child_process'
import { linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StartError } from '../start-error.ts'

/** When a process started, in whatever form the system tells it; undefined if there is no such process. */
function readStartTime(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      // Field 22; counted from the last bracket, since the second field, the name, may hold anything.
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined
  } catch {
    return undefined
  }
}

interface Holder {
  pid: number
  startTime: string | undefined
}

function readHolder(path: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(path, 'utf8')) as Holder
    return Number.isInteger(holder.pid) ? holder : undefined
  } catch {
    return undefined
  }
}

/** A process id alone proves little: after a reboot or in a container another process may have it. */
function isAlive(holder: Holder): boolean {
  const startTime = readStartTime(holder.pid)
  return startTime !== undefined && startTime === holder.startTime
}

/**
 * Takes the data folder for this process: the embedded database can be open in one process only. A lock left by a
 * killed process is taken over.
 * @returns a function that gives the folder back.
 * @throws StartError naming the process that holds it.
 */
export function lockDataFolder(folder: string): () => void {
  const path = join(folder, 'hilo.lock')
  const mine = join(folder, `hilo.lock.${process.pid}`)
  writeFileSync(mine, JSON.stringify({ pid: process.pid, startTime: readStartTime(process.pid) }))
  try {
    for (;;) {
      try {
        linkSync(mine, path) // fails when it exists: of two processes, one wins
        return () => unlinkSync(path)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
      const holder = readHolder(path)
      if (holder && isAlive(holder)) {
        throw new StartError(
          `The data folder ${folder} is in use by another Hilo (process ${holder.pid}). Stop that one, ` +
            'give this one its own HILO_DATA_DIR, or set HILO_DATABASE_URL to share a PostgreSQL.',
        )
      }
      unlinkSync(path)
    }
  } finally {
    unlinkSync(mine)
  }
}
