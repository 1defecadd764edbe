import type { EventType } from '@hilo/contract'
import { sql } from 'kysely'
import { noteGrowth } from '../database/grown-logs.ts'
import type { Callback, Metadata, Transaction } from '../database/schema.ts'
import { run, type Statement, statement } from '../database/statements.ts'
import { toParts, type Write, writeRows } from '../database/write-rows.ts'

/** A change, as it enters the log. What it is about is named by id; `data` holds what the rows do not tell. */
export interface NewEvent {
  organizationId: string
  type: EventType
  conversationId?: string
  messageId?: string
  contactId?: string
  data?: Metadata
  /** The API key that caused it. */
  apiKeyId?: string
  /** It is the answer that somebody waits for at these addresses. */
  callback?: Callback
}

/** Writes events into the log, and what is to be written `before` them, as `writeEvents` says. Call it last. */
export function recordEvents(
  tx: Transaction, events: readonly NewEvent[], before: readonly Write[] = [],
): Promise<void> {
  return run(tx, writeEvents(tx, events, before))
}

/**
 * Writes events into the log, numbered per organization without a gap and in the order of commits: the counter's row
 * stays locked until this transaction ends, so run it last. Counters are locked in the order of ids: two batches never
 * wait for each other.
 * @param before what is to be written before them, by the same statement: one way to the database less.
 */
export function writeEvents(
  tx: Transaction, events: readonly NewEvent[], before: readonly Write[] = [],
): Statement<void> {
  if (events.length === 0) return writeRows(before)
  const { ctes, areWritten } = toParts(before)
  const counts = countByOrganization(events)
  const added = [...counts].map(([organization_id, last_seq]) => ({ organization_id, last_seq }))
  return statement(sql<{ organization_id: string, last_seq: number }>`
    with ${ctes} numbered as (
      insert into event_sequences as s (organization_id, last_seq)
      select a.organization_id, a.last_seq from json_populate_recordset(null::event_sequences, ${JSON.stringify(added)}::json) a
      where ${areWritten} order by a.organization_id
      on conflict (organization_id) do update set last_seq = s.last_seq + excluded.last_seq
      returning s.organization_id, s.last_seq
    ), written as (
      insert into events (
        organization_id, seq, type, conversation_id, message_id, contact_id, data, api_key_id, callback,
        created_at
      )
      select e.organization_id, n.last_seq - e.seq, e.type, e.conversation_id, e.message_id, e.contact_id,
        e.data, e.api_key_id, e.callback, e.created_at
      from json_populate_recordset(null::events, ${JSON.stringify(toRows(events, counts))}::json) e
      join numbered n using (organization_id)
    )
    select organization_id, last_seq from numbered
  `, (grown) => noteGrowth(tx, new Map(grown.map((row) => [row.organization_id, row.last_seq]))))
}

function countByOrganization(events: readonly NewEvent[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { organizationId } of events) counts.set(organizationId, (counts.get(organizationId) ?? 0) + 1)
  return counts
}

/** `seq` says how many events of the organization come after it. */
function toRows(events: readonly NewEvent[], counts: ReadonlyMap<string, number>): object[] {
  const createdAt = new Date().toISOString()
  const toCome = new Map(counts)
  return events.map((event) => {
    const later = toCome.get(event.organizationId)! - 1
    toCome.set(event.organizationId, later)
    return {
      organization_id: event.organizationId,
      seq: later,
      type: event.type,
      conversation_id: event.conversationId,
      message_id: event.messageId,
      contact_id: event.contactId,
      data: event.data ?? {},
      api_key_id: event.apiKeyId,
      callback: event.callback,
      created_at: createdAt,
    }
  })
}
