import { type RawBuilder, sql } from 'kysely'
import { keyOf } from './key-of.ts'

/**
 * The keys of the rows that a statement looks for, as a table `w` of text columns; each key once, in order. The
 * statement's text does not depend on their number.
 *
 * Join it as `from ${wantedRows(…)} cross join lateral (select … from t where t.a = w.a and … offset 0) t`: `offset 0`
 * keeps the planner from turning it round, so that it takes each wanted key and looks it up by the index, whatever it
 * believes about the size of the table. Otherwise it reads a table that it thinks small, or all of an organization.
 */
export function wantedRows<Column extends string>(
  columns: readonly Column[], rows: readonly Record<Column, string>[],
): RawBuilder<unknown> {
  const unique = new Map(rows.map((row) => [keyOf(...columns.map((column) => row[column])), row]))
  const definition = sql.raw(columns.map((column) => `${column} text`).join(', '))
  return sql`json_to_recordset(${JSON.stringify([...unique.values()])}::json) as w(${definition})`
}
