import { sql } from 'kysely'
import type { Hilo } from './start-hilo.ts'

/** Adds events of other conversations to the organization's log, up to this number: faster than to let them happen. */
export async function fillLog(hilo: Hilo, lastSeq: number): Promise<void> {
  await hilo.asOwner((tx) => sql`
    with sequence as (
      update event_sequences s set last_seq = ${lastSeq}::bigint from event_sequences before
      where before.organization_id = s.organization_id and s.organization_id = ${hilo.organizationId}
      returning s.organization_id, before.last_seq
    )
    insert into events (organization_id, seq, type, conversation_id, data)
    select organization_id, seq, 'conversation.updated', 'other' || seq % 100, '{}'
    from sequence, generate_series(last_seq + 1, ${lastSeq}::bigint) seq
  `.execute(tx))
}
