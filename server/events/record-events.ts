import { sql } from 'kysely'
import { insertRows } from '../database/insert-rows.ts'
import type { Metadata, Transaction } from '../database/schema.ts'

export type EventType =
  | 'message.created' | 'message.updated'
  | 'conversation.created' | 'conversation.updated' | 'conversation.status_changed'
  | 'contact.created' | 'contact.updated' | 'contact.merged' | 'contact.unmerged'

/** A change, as it enters the log. What it is about is named by id; `data` holds what the rows do not tell. */
export interface NewEvent {
  organizationId: string
  type: EventType
  conversationId?: string
  messageId?: string
  contactId?: string
  data?: Metadata
}

const columns = [
  'organization_id', 'seq', 'type', 'conversation_id', 'message_id', 'contact_id', 'data', 'created_at',
] as const

/**
 * Writes events into the log, numbered per organization without a gap and in the order of commits: the counter's row
 * stays locked until this transaction ends. So call it last.
 */
export async function recordEvents(tx: Transaction, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return
  const next = await reserveNumbers(tx, events)
  const createdAt = new Date().toISOString()
  const rows = events.map((event) => {
    const seq = next.get(event.organizationId)!
    next.set(event.organizationId, seq + 1)
    return {
      organization_id: event.organizationId,
      seq,
      type: event.type,
      conversation_id: event.conversationId,
      message_id: event.messageId,
      contact_id: event.contactId,
      data: event.data ?? {},
      created_at: createdAt,
    }
  })
  await insertRows(tx, 'events', { columns, rows })
}

/** The first free number of each organization. Counters are locked in the order of ids: no two batches deadlock. */
async function reserveNumbers(tx: Transaction, events: readonly NewEvent[]): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (const { organizationId } of events) counts.set(organizationId, (counts.get(organizationId) ?? 0) + 1)
  const wanted = JSON.stringify([...counts].map(([organization_id, count]) => ({ organization_id, count })))
  const { rows } = await sql<{ organization_id: string, first: number }>`
    with wanted as (
      select * from json_to_recordset(${wanted}::json) as w(organization_id text, count integer)
    ), locked as (
      select s.organization_id, w.count from event_sequences s join wanted w using (organization_id)
      order by s.organization_id for update of s
    )
    update event_sequences s set last_seq = s.last_seq + locked.count
    from locked where s.organization_id = locked.organization_id
    returning s.organization_id, s.last_seq - locked.count + 1 as first
  `.execute(tx)
  return new Map(rows.map((row) => [row.organization_id, row.first]))
}
