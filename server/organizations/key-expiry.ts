/** Past it, ISO 8601 writes a year in another way, which many programs do not read. */
export const lastYear = 9999

/** Whether it is a time, and not past the last year; so many days ahead may be past what a date can hold at all. */
export function isWithinYears(time: Date): boolean {
  return time.getUTCFullYear() <= lastYear
}
