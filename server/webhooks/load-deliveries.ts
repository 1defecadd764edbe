import type { Event } from '@hilo/contract'
import { sql } from 'kysely'
import { keyOf } from '../database/key-of.ts'
import type { Database } from '../database/schema.ts'
import { run, runTogether, type Statement, statement } from '../database/statements.ts'
import { inOrganizationsEnding } from '../database/transactions.ts'
import { wantedRows } from '../database/wanted-rows.ts'
import { presentEvents } from '../events/present-events.ts'
import type { EventRow } from '../events/read-events.ts'
import type { EndpointRow, Recipient } from './access-endpoint.ts'
import type { Lane } from './lanes.ts'

/** The first delivery of a lane, with what it takes to send it. */
export interface Delivery {
  endpoint: Recipient
  seq: number
  /** Attempts that failed so far. */
  attempts: number
  /** Absent when the log does not hold it any more. */
  event: Event | undefined
}

interface Head {
  endpoint_id: string
  lane: string
  seq: number
  /** Instead of the endpoint's. */
  url: string | null
  attempts: number
  /** By the clock of the database, which also lets jobs begin. */
  is_due: boolean
}

/**
 * What the lanes of one organization have to send now, with few statements however many lanes. A lane is missing when
 * it is empty, waits for its time, or its endpoint is disabled, gone, or wants to be left alone.
 */
export function loadDeliveries(
  db: Database, organizationId: string, lanes: readonly Lane[],
): Promise<Map<Lane, Delivery>> {
  return inOrganizationsEnding(db, [organizationId], async (tx) => {
    const [heads, endpoints] = await runTogether(tx, [
      selectHeads(organizationId, lanes), selectEndpoints(organizationId, lanes),
    ])
    const due = lanes.flatMap((lane) => {
      const head = heads.get(keyOf(lane.endpointId, lane.lane))
      const endpoint = endpoints.get(lane.endpointId)
      return head?.is_due && endpoint ? { lane, head, endpoint } : []
    })
    const events = await run(tx, selectEvents(organizationId, due.map(({ head }) => head.seq)))
    return { answered: presentEvents(tx, organizationId, events).then((presented) => toDeliveries(due, presented)) }
  })
}

interface Due {
  lane: Lane
  head: Head
  endpoint: EndpointRow
}

function toDeliveries(due: readonly Due[], events: readonly Event[]): Map<Lane, Delivery> {
  const bySeq = new Map(events.map((event) => [event.seq, event]))
  return new Map(due.map(({ lane, head: { seq, attempts, url }, endpoint }) => (
    [lane, { endpoint: { ...endpoint, url: url ?? endpoint.url! }, seq, attempts, event: bySeq.get(seq) }]
  )))
}

function selectHeads(organizationId: string, lanes: readonly Lane[]): Statement<Map<string, Head>> {
  const wanted = wantedRows(['endpoint_id', 'lane'], lanes.map(({ endpointId, lane }) => ({ endpoint_id: endpointId, lane })))
  return statement(sql<Head>`
    select d.* from ${wanted} cross join lateral (
      select endpoint_id, lane, seq, url, attempts, next_attempt_at <= now() as is_due from webhook_deliveries d
      where d.endpoint_id = w.endpoint_id and d.lane = w.lane and d.organization_id = ${organizationId} and d.is_pending
      order by d.seq limit 1
    ) d
  `, (rows) => new Map(rows.map((row) => [keyOf(row.endpoint_id, row.lane), row])))
}

/** Those that can be sent to now. */
function selectEndpoints(organizationId: string, lanes: readonly Lane[]): Statement<Map<string, EndpointRow>> {
  const ids = [...new Set(lanes.map(({ endpointId }) => endpointId))]
  return statement(sql<EndpointRow>`
    select * from webhook_endpoints
    where organization_id = ${organizationId} and id = any(${ids}::text[]) and is_enabled
      and coalesce(paused_until <= now(), true)
  `, (rows) => new Map(rows.map((row) => [row.id, row])))
}

function selectEvents(organizationId: string, seqs: readonly number[]): Statement<EventRow[]> {
  return statement(seqs.length === 0 ? undefined : sql<EventRow>`
    select * from events
    where organization_id = ${organizationId} and seq = any(${[...new Set(seqs)]}::bigint[]) order by seq
  `, (rows) => rows)
}
