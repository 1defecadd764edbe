import { sql } from 'kysely'
import type { Database, Transaction } from '../database/schema.ts'
import { asOwner } from '../database/transactions.ts'

/** Events that one transaction removes: it must not hold others up. */
const pieceSize = 2_000

/** Removes events that are older than this, in pieces; of each log only its beginning, so that it never has a hole. */
export async function removeOldEvents(db: Database, keptForDays: number): Promise<void> {
  const organizations = await asOwner(db, (tx) => tx.selectFrom('event_sequences').select('organization_id').execute())
  for (const { organization_id: organizationId } of organizations) {
    const end = await asOwner(db, (tx) => findFirstYoung(tx, organizationId, keptForDays))
    while (await asOwner(db, (tx) => removePiece(tx, organizationId, end)) === pieceSize);
  }
}

/** Number of the first event that is kept. Times are those of several machines, so they need not rise with `seq`. */
async function findFirstYoung(tx: Transaction, organizationId: string, keptForDays: number): Promise<number> {
  const { rows } = await sql<{ seq: number }>`
    select coalesce(
      (select seq from events where organization_id = ${organizationId}
        and created_at >= now() - make_interval(days => ${keptForDays}) order by seq limit 1),
      (select last_seq + 1 from event_sequences where organization_id = ${organizationId})
    ) as seq
  `.execute(tx)
  return rows[0]!.seq
}

/** The oldest first. @returns how many it removed. */
async function removePiece(tx: Transaction, organizationId: string, end: number): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    delete from events where organization_id = ${organizationId} and seq < least(${end}::bigint, ${pieceSize}::bigint + (
      select min(seq) from events where organization_id = ${organizationId}
    ))
  `.execute(tx)
  return Number(numAffectedRows)
}
