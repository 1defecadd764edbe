import type { Event } from '@hilo/contract'
import { sql } from 'kysely'
import { keyOf } from '../database/key-of.ts'
import type { Database, Transaction } from '../database/schema.ts'
import { inOrganization } from '../database/transactions.ts'
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
  return inOrganization(db, organizationId, async (tx) => {
    const heads = await readHeads(tx, organizationId, lanes)
    const endpoints = await readEndpoints(tx, organizationId, lanes)
    const due = [...heads.values()].filter(({ is_due }) => is_due)
    const events = await readEvents(tx, organizationId, due.map(({ seq }) => seq))
    const found = new Map<Lane, Delivery>()
    for (const lane of lanes) {
      const head = heads.get(keyOf(lane.endpointId, lane.lane))
      const endpoint = endpoints.get(lane.endpointId)
      if (!head?.is_due || !endpoint) continue
      const { seq, attempts } = head
      const recipient = { ...endpoint, url: head.url ?? endpoint.url! }
      found.set(lane, { endpoint: recipient, seq, attempts, event: events.get(seq) })
    }
    return found
  })
}

async function readHeads(tx: Transaction, organizationId: string, lanes: readonly Lane[]): Promise<Map<string, Head>> {
  const wanted = wantedRows(['endpoint_id', 'lane'], lanes.map(({ endpointId, lane }) => ({ endpoint_id: endpointId, lane })))
  const { rows } = await sql<Head>`
    select d.* from ${wanted} cross join lateral (
      select endpoint_id, lane, seq, url, attempts, next_attempt_at <= now() as is_due from webhook_deliveries d
      where d.endpoint_id = w.endpoint_id and d.lane = w.lane and d.organization_id = ${organizationId} and d.is_pending
      order by d.seq limit 1
    ) d
  `.execute(tx)
  return new Map(rows.map((row) => [keyOf(row.endpoint_id, row.lane), row]))
}

/** Those that can be sent to now. */
async function readEndpoints(
  tx: Transaction, organizationId: string, lanes: readonly Lane[],
): Promise<Map<string, EndpointRow>> {
  const ids = [...new Set(lanes.map(({ endpointId }) => endpointId))]
  const rows = await tx.selectFrom('webhook_endpoints').selectAll()
    .where('organization_id', '=', organizationId).where('id', 'in', ids).where('is_enabled', '=', true)
    .where(sql<boolean>`coalesce(paused_until <= now(), true)`).execute()
  return new Map(rows.map((row) => [row.id, row]))
}

async function readEvents(
  tx: Transaction, organizationId: string, seqs: readonly number[],
): Promise<Map<number, Event>> {
  if (seqs.length === 0) return new Map()
  const { rows } = await sql<EventRow>`
    select * from events
    where organization_id = ${organizationId} and seq = any(${[...new Set(seqs)]}::bigint[]) order by seq
  `.execute(tx)
  const events = await presentEvents(tx, organizationId, rows)
  return new Map(events.map((event) => [event.seq, event]))
}
