import { type RawBuilder, sql } from 'kysely'
import type { EndpointRow } from './access-endpoint.ts'

export type EndpointFilter = Pick<
  EndpointRow,
  'organization_id' | 'kind' | 'event_types' | 'agent_id' | 'channel' | 'is_ordered' | 'ignore_own' | 'own_api_key_id'
>

const hash = (text: RawBuilder<string>, length: number) => (
  sql`left(encode(sha256(convert_to(${text}, 'UTF8')), 'hex'), ${sql.lit(length)})`
)

/** Of an address: its host, for `receiverOf`, and the whole. */
const addressOf = (url: RawBuilder<string>) => (
  sql`${hash(sql`split_part(${url}, '/', 3)`, 16)} || '.' || ${hash(url, 32)}`
)

/**
 * SQL for the lane of an event `e`: events of one lane are sent one after the other. Ordered, that is its conversation
 * (what has none goes by its contact, and the rest together); unordered, each has its own. Of answers, each address has
 * lanes of its own.
 * @param url of the delivery, where it has one.
 */
export function laneOf({ kind, is_ordered }: EndpointFilter, url: RawBuilder<string>): RawBuilder<string> {
  const lane = is_ordered ? sql<string>`coalesce(e.conversation_id, e.contact_id, '')` : sql<string>`e.seq::text`
  return kind === 'events' ? lane : sql`${lane} || '>' || ${addressOf(url)}`
}

/**
 * Whose places a lane takes: those of its endpoint, or where each delivery has an address of its own, of that host. One
 * that hangs leaves the others theirs.
 */
export function receiverOf({ endpointId, lane }: { endpointId: string, lane: string }): string {
  const host = />([^.]+)\./.exec(lane)?.[1]
  return host === undefined ? endpointId : `${endpointId}/${host}`
}

/**
 * SQL for deliveries of these events, as `seq`, `lane` and `url`, whatever the filters say. Of answers there is one for
 * each address, in lanes of their own: one that is dead holds up no other. Events without an address have none.
 * @param events rows of the log, of the endpoint's organization.
 */
export function deliveriesOf(endpoint: EndpointFilter, events: RawBuilder<unknown>): RawBuilder<unknown> {
  const lane = laneOf(endpoint, sql`u.url`)
  if (endpoint.kind === 'events') return sql`select e.seq, ${lane} as lane, null::text as url from (${events}) e`
  return sql`
    select e.seq, ${lane} as lane, u.url
    from (${events}) e cross join lateral jsonb_array_elements_text(e.callback -> 'urls') as u(url)
    where e.callback ->> 'agentId' = ${endpoint.agent_id}
  `
}

/**
 * SQL for the deliveries of those events that an endpoint wants.
 * @param events rows of the log, of the endpoint's organization.
 */
export function wantedEvents(endpoint: EndpointFilter, events: RawBuilder<unknown>): RawBuilder<unknown> {
  if (endpoint.kind === 'answers') return deliveriesOf(endpoint, events)
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
  return deliveriesOf(endpoint, sql`
    select e.* from (${events}) e
    ${agent_id === null && channel === null ? sql`` : conversation}
    where true
      ${event_types === null ? sql`` : sql`and e.type = any(${event_types}::text[])`}
      ${ignore_own ? sql`and e.api_key_id is distinct from ${own_api_key_id}` : sql``}
  `)
}

/** SQL for whether an endpoint `w` of answers has something to send that it has not seen; true for all others. */
export const mayWant = sql<boolean>`(
  w.kind = 'events' or exists (
    select from events e
    where e.callback ->> 'agentId' = w.agent_id and e.organization_id = w.organization_id and e.seq > w.last_seq
      and e.callback is not null
  )
)`
