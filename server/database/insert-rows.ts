import { type RawBuilder, sql } from 'kysely'
import type { Schema, Transaction } from './schema.ts'

/**
 * Inserts any number of rows with one statement whose text is always the same: the rows travel as one JSON value,
 * columns by name. Columns that are JSON take the value itself; a column left out of `columns` gets its default.
 */
export async function insertRows<Table extends keyof Schema>(
  tx: Transaction,
  table: Table,
  { columns, rows, onConflict }: {
    columns: readonly (keyof Schema[Table] & string)[]
    rows: readonly object[]
    /** What follows `on conflict`; without it a key that is taken fails the transaction. */
    onConflict?: RawBuilder<unknown>
  },
): Promise<void> {
  if (rows.length === 0) return
  const names = sql.join(columns.map((column) => sql.ref(column)))
  await sql`
    insert into ${sql.table(table)} (${names})
    select ${names} from json_populate_recordset(null::${sql.table(table)}, ${JSON.stringify(rows)}::json)
    ${onConflict ? sql`on conflict ${onConflict}` : sql``}
  `.execute(tx)
}
