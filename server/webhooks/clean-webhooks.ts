import { type RawBuilder, sql } from 'kysely'
import type { Database } from '../database/schema.ts'
import { asOwner } from '../database/transactions.ts'

/** Rows that one transaction removes: it must not hold others up. */
const pieceSize = 2_000

/**
 * Removes old attempts, old deliveries that were given up, and what deleted endpoints left behind, in pieces.
 * Deliveries that have waited long beyond their time have lost their job, however that came: they get another.
 */
export async function cleanWebhooks(db: Database, keptForDays: number): Promise<void> {
  const keptFor = sql`make_interval(days => ${keptForDays})`
  await removePieces(db, 'webhook_attempts', sql`created_at < now() - ${keptFor}`)
  await removePieces(db, 'webhook_deliveries', sql`not is_pending and created_at < now() - ${keptFor}`)
  await removePieces(db, 'webhook_deliveries', sql`not exists (
    select from webhook_endpoints w where w.id = t.endpoint_id and w.organization_id = t.organization_id
  )`)
  await asOwner(db, (tx) => sql`
    update webhook_deliveries d set is_queued = false
    where is_pending and is_queued and next_attempt_at < now() - interval '10 minutes' and not exists (
      select from webhook_deliveries before
      where before.endpoint_id = d.endpoint_id and before.lane = d.lane and before.organization_id = d.organization_id
        and before.is_pending and before.seq < d.seq
    )
  `.execute(tx))
}

async function removePieces(db: Database, table: string, condition: RawBuilder<unknown>): Promise<void> {
  for (;;) {
    const { numAffectedRows = 0n } = await asOwner(db, (tx) => sql`
      delete from ${sql.table(table)} where ctid = any(array(
        select ctid from ${sql.table(table)} t where ${condition} limit ${pieceSize}
      ))
    `.execute(tx))
    if (numAffectedRows < pieceSize) return
  }
}
