/** Nobody is left alone for longer than the longest wait of the schedule. */
const longestMs = 24 * 3_600_000

/**
 * Reads the header Retry-After: seconds, or a date as HTTP writes it (RFC 9110, 10.2.3).
 * @returns milliseconds, at most a day; undefined where it says nothing that can be read.
 */
export function readRetryAfter(header: string | string[] | undefined, nowMs: number): number | undefined {
  const text = [header].flat()[0]?.trim()
  if (!text) return undefined
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), longestMs)
}
