import { type Selectable, sql } from 'kysely'
import { isListed } from '../database/is-listed.ts'
import type { Schema, Transaction } from '../database/schema.ts'
import { cursorTime, cutPage, type Page, readCursor } from './cursor.ts'

/** Tables of an organization that are listed as they are, the newest row first. */
type Table = 'agents' | 'api_keys' | 'audit_log' | 'webhook_endpoints'

interface PageRequest<Row, Item> {
  organizationId: string
  query: { limit?: number, cursor?: string }
  present: (row: Row) => Item
}

/**
 * A page of an organization's rows, newest first.
 * @throws HiloError INVALID_REQUEST for a broken cursor.
 */
export async function listNewest<From extends Table, Item>(
  tx: Transaction, table: From, { organizationId, query, present }: PageRequest<Selectable<Schema[From]>, Item>,
): Promise<Page<Item>> {
  const { limit = 50 } = query
  const after = readCursor(query.cursor, ['time', 'text'])
  const older = after ? sql`and (created_at, id) < (${after[0]}::timestamptz, ${after[1]})` : sql``
  const { rows } = await sql<Selectable<Schema[From]> & { id: string, position: string }>`
    select *, ${cursorTime('created_at')} as position from ${sql.table(table)}
    where organization_id = ${organizationId} and ${isListed('created_at')} ${older}
    order by created_at desc, id desc limit ${limit + 1}
  `.execute(tx)
  const { page, nextCursor } = cutPage(rows, limit, ({ position, id }) => [position, id])
  return { items: page.map(present), nextCursor }
}
