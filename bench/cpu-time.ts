import { readFileSync } from 'node:fs'

/** Linux counts in hundredths of a second (USER_HZ), whatever the kernel's own clock. */
const microsPerTick = 10_000

/**
 * Processor time that a process has used, its threads and the kernel's work for it included; microseconds.
 * Undefined where the system is not Linux.
 */
export function readCpuTime(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined
  // The name, in parentheses, may hold anything; behind it, user and system time come 12th and 13th (man 5 proc).
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * microsPerTick
}

/** Microseconds for one of so many requests, since `start`. */
export function cpuPerRequest(
  pid: number, { start, requests }: { start?: number, requests: number },
): number | undefined {
  const now = readCpuTime(pid)
  return start === undefined || now === undefined ? undefined : (now - start) / requests
}
