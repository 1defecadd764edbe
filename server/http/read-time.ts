import { HiloError } from '../errors.ts'

/** How far ahead of this machine's clock a message may be dated: clocks differ. */
export const toleranceMs = 5 * 60 * 1000
/** Unix seconds reach this in the year 5138; milliseconds were past it in 1973. */
const firstMilliseconds = 1e11
const earliest = Date.UTC(2000, 0, 1)
const iso = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)$/i

/**
 * Reads when something happened: ISO 8601 with offset, or Unix seconds or milliseconds (as a number, or in digits as
 * WhatsApp sends them). Absent: now.
 * @throws HiloError INVALID_REQUEST if it is no such time, before the year 2000, or more than 5 minutes ahead.
 */
export function readTime(field: string, raw: string | number | null | undefined, now: Date): Date {
  if (raw === undefined || raw === null || raw === '') return now
  const time = readMilliseconds(field, raw, now)
  if (time > now.getTime() + toleranceMs) {
    throw new HiloError('INVALID_REQUEST', `${field} lies more than 5 minutes ahead of this server's clock.`, {
      field, hint: `Here it is ${now.toISOString()}. Check the time zone of the value and the clocks.`,
    })
  }
  return new Date(time)
}

/**
 * Reads a point in time that may lie ahead: ISO 8601 with offset.
 * @throws HiloError INVALID_REQUEST if it is no such time, or before the year 2000.
 */
export function readInstant(field: string, text: string): Date {
  return new Date(readMilliseconds(field, text, new Date()))
}

function readMilliseconds(field: string, raw: string | number, now: Date): number {
  const time = toMilliseconds(raw)
  if (time === undefined || Number.isNaN(time)) {
    throw new HiloError('INVALID_REQUEST', `${field} is not a point in time with an offset.`, {
      field, hint: `Send ISO 8601 such as ${now.toISOString()}, or Unix seconds such as ${Math.floor(now.getTime() / 1000)}.`,
    })
  }
  if (time < earliest) throw new HiloError('INVALID_REQUEST', `${field} lies before the year 2000.`, { field })
  return time
}

function toMilliseconds(raw: string | number): number | undefined {
  const number = typeof raw === 'number' ? raw : /^\d{9,16}$/.test(raw) ? Number(raw) : undefined
  if (number !== undefined) return number < firstMilliseconds ? number * 1000 : number
  const text = String(raw).trim()
  if (!iso.test(text) || !hasRealDay(text)) return undefined
  return Date.parse(text.replace(' ', 'T').replace(',', '.').replace(/([+-]\d\d)$/, '$1:00'))
}

/** `Date.parse` takes 30 February for 2 March. */
function hasRealDay(text: string): boolean {
  return new Date(`${text.slice(0, 10)}T00:00Z`).getUTCDate() === Number(text.slice(8, 10))
}
