import { type RawBuilder, sql } from 'kysely'
import type { EndpointRow } from './access-endpoint.ts'

export type EndpointFilter = Pick<
  EndpointRow, 'organization_id' | 'event_types' | 'agent_id' | 'channel' | 'is_ordered' | 'ignore_own' | 'own_api_key_id'
>

/**
 * SQL for the lane of an event `e`: events of one lane are sent one after the other. Ordered, that is its conversation
 * (what has none goes by its contact, and the rest together); unordered, each has its own.
 */
export function laneOf({ is_ordered }: EndpointFilter): RawBuilder<string> {
  return is_ordered ? sql`coalesce(e.conversation_id, e.contact_id, '')` : sql`e.seq::text`
}

/**
 * SQL for those events that an endpoint wants, as `seq` and `lane`.
 * @param events rows of the log, of the endpoint's organization.
 */
export function wantedEvents(endpoint: EndpointFilter, events: RawBuilder<unknown>): RawBuilder<unknown> {
  const { organization_id, event_types, agent_id, channel, ignore_own, own_api_key_id } = endpoint
  // `offset 0`: conversations are looked up by their key for each event, never read as a whole.
  const conversation = sql`
    cross join lateral (
      select 1 from conversations c
      where c.id = e.conversation_id and c.organization_id = ${organization_id}
        ${agent_id === null ? sql`` : sql`and c.agent_id = ${agent_id}`}
        ${channel === null ? sql`` : sql`and c.channel = ${channel}`}
      offset 0
    ) c
  `
  return sql`
    select e.seq, ${laneOf(endpoint)} as lane from (${events}) e
    ${agent_id === null && channel === null ? sql`` : conversation}
    where true
      ${event_types === null ? sql`` : sql`and e.type = any(${event_types}::text[])`}
      ${ignore_own ? sql`and e.api_key_id is distinct from ${own_api_key_id}` : sql``}
  `
}
