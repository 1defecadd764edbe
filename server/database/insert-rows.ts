import { type RawBuilder, sql } from 'kysely'
import type { Schema, Transaction } from './schema.ts'

/** Rows to insert, of one table. */
export interface Insert<Table extends keyof Schema = keyof Schema> {
  table: Table
  columns: readonly (keyof Schema[Table] & string)[]
  rows: readonly object[]
  /** What follows `on conflict`; without it a key that is taken fails the transaction. */
  onConflict?: RawBuilder<unknown>
}

/** Lets the compiler check the columns against the table. */
export function insertInto<Table extends keyof Schema>(table: Table, insert: Omit<Insert<Table>, 'table'>): Insert {
  return { table, ...insert } as unknown as Insert
}

/** The rows travel as one JSON value, columns by name, so that the text does not depend on their number. */
function toStatement({ table, columns, rows, onConflict }: Insert): RawBuilder<unknown> {
  const names = sql.join(columns.map((column) => sql.ref(column)))
  return sql`
    insert into ${sql.table(table)} (${names})
    select ${names} from json_populate_recordset(null::${sql.table(table)}, ${JSON.stringify(rows)}::json)
    ${onConflict ? sql`on conflict ${onConflict}` : sql``}
  `
}

/**
 * Inserts rows of several tables with one statement, that is one way to the database and back; keys between them are
 * checked at its end. JSON columns take the value itself; a column that is not named gets its default.
 */
export async function insertRows(tx: Transaction, inserts: readonly Insert[]): Promise<void> {
  const statements = inserts.filter(({ rows }) => rows.length > 0).map(toStatement)
  const last = statements.pop()
  if (!last) return
  const others = statements.map((statement, number) => sql`${sql.ref(`part_${number}`)} as (${statement})`)
  await sql`${others.length > 0 ? sql`with ${sql.join(others)}` : sql``} ${last}`.execute(tx)
}
