import { type Selectable, sql } from 'kysely'
import type { Schema, Transaction } from '../database/schema.ts'
import type { Hilo } from './start-hilo.ts'

/** The rows of a table that belong to the test's organization. */
export function readRows<Table extends keyof Schema>(hilo: Hilo, table: Table): Promise<Selectable<Schema[Table]>[]> {
  return hilo.asOwner(async (tx) => {
    const { rows } = await sql<Selectable<Schema[Table]>>`
      select * from ${sql.table(table)} where organization_id = ${hilo.organizationId}
    `.execute(tx)
    return rows
  })
}

/** The messages of the organization, by conversation and sequence number. */
export async function readMessages(hilo: Hilo): Promise<Selectable<Schema['messages']>[]> {
  const rows = await readRows(hilo, 'messages')
  const keyOf = (row: Selectable<Schema['messages']>) => `${row.conversation_id} ${String(row.seq).padStart(9, '0')}`
  return rows.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

/** The events of the organization, in their order. */
export async function readEvents(hilo: Hilo): Promise<Selectable<Schema['events']>[]> {
  return (await readRows(hilo, 'events')).sort((a, b) => a.seq - b.seq)
}

/** Tables of the schema that have a column `organization_id`, read from the database itself: none can be forgotten. */
export async function findTenantTables(tx: Transaction): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select c.table_name as name from information_schema.columns c
    join information_schema.tables t using (table_schema, table_name)
    where c.table_schema = current_schema() and c.column_name = 'organization_id' and t.table_type = 'BASE TABLE'
    order by 1
  `.execute(tx)
  return rows.map(({ name }) => name)
}

/**
 * Everything the organization has in the database, a checksum for each table: equal before and after means that
 * nothing at all was written. When a key was last used does not count.
 */
export function takeSnapshot(hilo: Hilo): Promise<Record<string, string>> {
  return hilo.asOwner(async (tx) => {
    const tables = (await findTenantTables(tx)).map((table) => ({ table, column: 'organization_id' }))
    const checksums = [...tables, { table: 'organizations', column: 'id' }].map(({ table, column }) => sql`
      select ${table} as name, count(*) || ' ' || coalesce(
        md5(string_agg((to_jsonb(t) - 'last_used_at')::text, ' ' order by to_jsonb(t)::text)), ''
      ) as checksum
      from ${sql.table(table)} t where ${sql.ref(column)} = ${hilo.organizationId}
    `)
    const { rows } = await sql<{ name: string, checksum: string }>`
      ${sql.join(checksums, sql` union all `)}
    `.execute(tx)
    return Object.fromEntries(rows.map(({ name, checksum }) => [name, checksum]))
  })
}
