import { type RawBuilder, sql } from 'kysely'
import { HiloError } from '../errors.ts'

/** What a place in a list is made of: `time` is text as `cursorTime` writes it, `side` says where to read on. */
interface Values {
  time: string
  text: string
  integer: number
  side: 'older' | 'newer'
}
type Kind = keyof Values

/**
 * SQL that writes a time for a cursor: ISO 8601 in UTC with all its microseconds. A JavaScript Date drops the last
 * three digits, and a page that ends between two rows of one millisecond would then repeat or lose one.
 */
export function cursorTime(column: string): RawBuilder<string> {
  return sql<string>`to_char(${sql.ref(column)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
}

/** A place in a list, opaque to the caller: the values of the columns by which the list is sorted. */
export function writeCursor(values: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(values)).toString('base64url')
}

/** A page of a list, as the API answers it. */
export interface Page<Item> {
  items: Item[]
  nextCursor: string | null
}

/**
 * Cuts off the one row that was read beyond the page: it says that there is more.
 * @param placeOf what `writeCursor` takes of a row.
 */
export function cutPage<Row>(
  rows: readonly Row[], limit: number, placeOf: (row: Row) => (string | number)[],
): { page: Row[], nextCursor: string | null } {
  const page = rows.slice(0, limit)
  return { page, nextCursor: rows.length > limit ? writeCursor(placeOf(page.at(-1)!)) : null }
}

type Place<Shape extends readonly Kind[]> = { [Index in keyof Shape]: Values[Shape[Index]] }

/**
 * Reads back what `writeCursor` wrote; undefined where there is none (or an empty one, as a flow's first round sends).
 * @param shape the kind of each value; what comes out fits into SQL as it is.
 * @throws HiloError INVALID_REQUEST if it is no cursor of such a list.
 */
export function readCursor<const Shape extends readonly Kind[]>(
  cursor: string | undefined, shape: Shape,
): Place<Shape> | undefined {
  if (!cursor) return undefined
  const values = parse(cursor)
  if (isPlace(values, shape)) return values
  throw new HiloError('INVALID_REQUEST', 'cursor is not one of this list.', {
    field: 'cursor', hint: 'Send the cursor of the page before as it is, or none to start from the beginning.',
  })
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    return undefined
  }
}

function isPlace<Shape extends readonly Kind[]>(values: unknown, shape: Shape): values is Place<Shape> {
  return Array.isArray(values) && values.length === shape.length &&
    shape.every((kind, index) => checks[kind](values[index]))
}

const checks: Record<Kind, (value: unknown) => boolean> = {
  time: (value) => typeof value === 'string' && isTime(value),
  text: (value) => typeof value === 'string' && value.isWellFormed() && !value.includes('\0'),
  side: (value) => value === 'older' || value === 'newer',
  integer: (value) => Number.isInteger(value) && Math.abs(value as number) < 2 ** 31,
}

/** The shape alone does not do: PostgreSQL refuses a 30th of February, and the year 0. */
function isTime(value: string): boolean {
  const milliseconds = /^(?!0000)(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\d{3}Z$/.exec(value)?.[1]
  if (milliseconds === undefined) return false
  const time = new Date(`${milliseconds}Z`)
  return !Number.isNaN(time.getTime()) && time.toISOString() === `${milliseconds}Z`
}
