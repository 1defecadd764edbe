import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Most memory (RSS) that a process has had, in MiB; where the system keeps no such record, what it has now. */
export function readPeakMemory(pid: number): number {
  if (process.platform === 'linux') {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
  }
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024
}
