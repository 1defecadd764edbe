import type { EventType } from '@hilo/contract'
import { type RawBuilder, sql } from 'kysely'
import type { Metadata, Transaction } from '../database/schema.ts'

/** A line of the log. */
export interface EventRow {
  organization_id: string
  seq: number
  type: EventType
  conversation_id: string | null
  message_id: string | null
  contact_id: string | null
  data: Metadata
  /** The API key that caused it. */
  api_key_id: string | null
  created_at: Date
}

/** With the agent and the channel of its conversation. */
export interface PlacedEventRow extends EventRow {
  agent_id: string | null
  channel: string | null
}

export interface EventFilter {
  /** Only these; absent: all. */
  types?: readonly EventType[]
  /** The conversation's own id. */
  conversationId?: string
}

export interface EventRange extends EventFilter {
  organizationId: string
  /** Rows with a greater `seq`. */
  after: number
  /** Rows with a smaller `seq`. */
  before?: number
  limit: number
}

/** Rows of the log, ascending. As numbers are given in the order of commits, none appears later below one of them. */
export async function readEvents(tx: Transaction, range: EventRange): Promise<PlacedEventRow[]> {
  const { organizationId, after, before, limit, types, conversationId } = range
  const { rows } = await sql<PlacedEventRow>`${withConversations(sql`
    select * from events
    where organization_id = ${organizationId} and seq > ${after}
      ${before === undefined ? sql`` : sql`and seq < ${before}`}
      ${types === undefined ? sql`` : sql`and type = any(${types}::text[])`}
      ${conversationId === undefined ? sql`` : sql`and conversation_id = ${conversationId}`}
    order by seq limit ${limit}
  `)} order by e.seq`.execute(tx)
  return rows
}

/** The next rows of several logs, at most `limit` of each; those of a log ascending. One statement, always the same. */
export async function readNextEvents(
  tx: Transaction, places: readonly { organizationId: string, after: number }[], limit: number,
): Promise<EventRow[]> {
  const { rows } = await sql<EventRow>`
    select e.* from json_to_recordset(${JSON.stringify(places)}::json) as w("organizationId" text, after bigint)
    cross join lateral (
      select * from events e where e.organization_id = w."organizationId" and e.seq > w.after
      order by e.seq limit ${limit}
    ) e
    order by e.organization_id, e.seq
  `.execute(tx)
  return rows
}

/** `offset 0` keeps the planner from reading all conversations for a few events. */
function withConversations(events: RawBuilder<unknown>): RawBuilder<PlacedEventRow> {
  return sql`
    select e.organization_id, e.seq, e.type, e.conversation_id, e.message_id, e.contact_id, e.data,
      e.api_key_id, e.created_at, c.agent_id, c.channel
    from (${events}) e
    left join lateral (
      select agent_id, channel from conversations c
      where c.organization_id = e.organization_id and c.id = e.conversation_id offset 0
    ) c on true
  `
}
