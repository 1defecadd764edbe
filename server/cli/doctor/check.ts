/** One finding of `hilo doctor`. WARN: works, but look at it; FAIL: Hilo will not start, not work, or not be safe. */
export interface Check {
  name: string
  state: 'OK' | 'WARN' | 'FAIL'
  /** What was found. */
  message: string
  /** What to do about it. */
  hint?: string
}

/** Whether a file or folder is not ours to read or write, as opposed to wrong or missing. */
export function isForbidden(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['EACCES', 'EPERM', 'EROFS'].includes(String(error.code))
}
