import { type RawBuilder, sql } from 'kysely'
import type { Schema } from './schema.ts'
import { type Statement, statement } from './statements.ts'

/** A statement that writes, without a `with` of its own; undefined where there is nothing to write. */
export type Write = RawBuilder<unknown> | undefined

interface Insert<Table extends keyof Schema> {
  columns: readonly (keyof Schema[Table] & string)[]
  rows: readonly object[]
  /** What follows `on conflict`; without it a key that is taken fails the transaction. */
  onConflict?: RawBuilder<unknown>
}

/**
 * Rows to insert into a table. They travel as one JSON value, columns by name, so that the text does not depend on
 * their number. JSON columns take the value itself; a column that is not named gets its default.
 */
export function insertInto<Table extends keyof Schema>(
  table: Table, { columns, rows, onConflict }: Insert<Table>,
): Write {
  if (rows.length === 0) return undefined
  const names = sql.join(columns.map((column) => sql.ref(column)))
  return sql`
    insert into ${sql.table(table)} (${names})
    select ${names} from json_populate_recordset(null::${sql.table(table)}, ${JSON.stringify(rows)}::json)
    ${onConflict ? sql`on conflict ${onConflict}` : sql``}
  `
}

/** Statements as parts of a larger one, of which what follows can be made to wait. */
export interface Parts {
  /** For its `with`, each with a comma behind it. */
  ctes: RawBuilder<unknown>
  /** A condition that holds as soon as all of them are through: without it, PostgreSQL runs them when it likes. */
  areWritten: RawBuilder<unknown>
}

export function toParts(writes: readonly Write[]): Parts {
  const parts = writes.filter((write) => write !== undefined)
    .map((statement, number) => ({ name: sql.ref(`part_${number}`), statement }))
  return {
    ctes: sql.join(parts.map(({ name, statement }) => sql`${name} as (${statement} returning 1), `), sql``),
    areWritten: sql.join([sql`true`, ...parts.map(({ name }) => sql`(select count(*) from ${name}) >= 0`)], sql` and `),
  }
}

/**
 * Writes to several tables with one statement, that is one way to the database and back; keys between them are checked
 * at its end. None sees what another writes.
 */
export function writeRows(writes: readonly Write[]): Statement<void> {
  const { ctes, areWritten } = toParts(writes)
  const isNothing = writes.every((write) => write === undefined)
  return statement(isNothing ? undefined : sql`with ${ctes} written as (select ${areWritten}) select from written`, () => {})
}
