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

function parseHolder(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Holder
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

function hasCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Links `mine` into place, which fails while another process is there. @returns that process, if it is alive. */
function take(path: string, mine: string): Holder | undefined {
  for (;;) {
    try {
      linkSync(mine, path)
      return undefined
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error
    }
    const found = readIfThere(path)
    if (found === undefined) continue // given back meanwhile
    const holder = parseHolder(found)
    const busy = holder && isAlive(holder) ? holder : removeLeft(path, found, mine)
    if (busy) return busy
  }
}

/**
 * Removes the lock of a killed process. One process at a time may do that, so that one which comes late does not remove
 * the lock of the one that was quicker; what a killed one leaves of that is removed in the same way.
 * @returns the process that is at it, if it is another one.
 */
function removeLeft(path: string, left: string, mine: string): Holder | undefined {
  const right = `${path}.removing`
  const other = take(right, mine)
  if (other) return other
  try {
    if (readIfThere(path) === left) unlinkSync(path)
  } finally {
    unlinkSync(right)
  }
  return undefined
}

/** Another process has the data folder. */
export class FolderInUseError extends StartError {
  readonly pid: number

  constructor(folder: string, pid: number) {
    super(`The data folder ${folder} is in use by another Hilo (process ${pid}). Stop that one, give this one its own `
      + 'HILO_DATA_DIR, or set HILO_DATABASE_URL to share a PostgreSQL.')
    this.pid = pid
  }
}

/**
 * Takes the data folder for this process: the embedded database can be open in one process only. A lock left by a
 * killed process is taken over.
 * @returns a function that gives the folder back.
 * @throws FolderInUseError naming the process that holds it.
 */
export function lockDataFolder(folder: string): () => void {
  const path = join(folder, 'hilo.lock')
  const mine = join(folder, `hilo.lock.${process.pid}`)
  writeFileSync(mine, JSON.stringify({ pid: process.pid, startTime: readStartTime(process.pid) }))
  try {
    const holder = take(path, mine)
    if (holder) throw new FolderInUseError(folder, holder.pid)
    return () => unlinkSync(path)
  } finally {
    unlinkSync(mine)
  }
}
