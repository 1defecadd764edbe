/**
 * Reads the header Retry-After: seconds, also with a fraction as some servers write them, or a date as HTTP writes it
 * (RFC 9110, 10.2.3).
 * @returns milliseconds; undefined where it says nothing that can be read.
 */
export function readRetryAfter(header: string | string[] | null | undefined): number | undefined {
  const text = [header].flat()[0]?.trim()
  if (!text) return undefined
  const waitMs = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isNaN(waitMs) ? undefined : Math.max(waitMs, 0)
}
