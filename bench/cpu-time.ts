import { readFileSync } from 'node:fs'

/** Linux counts in hundredths of a second (USER_HZ), whatever the kernel's own clock. */
const microsPerTick = 10_000

/**
 * Counts a process's processor time from now on, its threads and the kernel's work for it included.
 * @returns tells what each of so many requests took, in microseconds; undefined where the system is not Linux.
 */
export function countCpuTime(pid: number): (requests: number) => number | undefined {
  if (process.platform !== 'linux') return () => undefined
  const start = readCpuTime(pid)
  return (requests) => (readCpuTime(pid) - start) / requests
}

function readCpuTime(pid: number): number {
  // The name, in parentheses, may hold anything; behind it, user and system time come 12th and 13th (man 5 proc).
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * microsPerTick
}
