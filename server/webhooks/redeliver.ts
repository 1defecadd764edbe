import type { RedeliverBody, Redelivery } from '@hilo/contract'
import { type RawBuilder, sql } from 'kysely'
import type { Transaction } from '../database/schema.ts'
import { HiloError } from '../errors.ts'
import { readInstant } from '../http/read-time.ts'
import { accessEndpoint, type EndpointAddress, type EndpointRow } from './access-endpoint.ts'
import { deliveriesOf, wantedEvents } from './wanted-events.ts'

/** Events that one call takes from a range. */
const maxEvents = 10_000

/**
 * Sends events (again): one, all that failed, or a range. It joins what waits, in the order of the log. Whoever asks
 * wants it now: a pause that the receiver asked for is over with it.
 */
export async function redeliver(
  tx: Transaction, address: EndpointAddress, body: RedeliverBody,
): Promise<Redelivery> {
  const wish = readWish(body)
  const endpoint = await accessEndpoint(tx, address, { lock: true })
  if (endpoint.paused_until) await endPause(tx, address)
  if (wish === 'failed') return { queued: await redeliverFailed(tx, endpoint), nextFromSeq: null }
  if (wish === 'seq') return redeliverOne(tx, endpoint, body.seq!)
  return redeliverRange(tx, endpoint, body)
}

/** @throws HiloError INVALID_REQUEST unless it is exactly one of the ways to say what is meant. */
function readWish({ seq, failed, fromSeq, toSeq, from, to }: RedeliverBody): 'failed' | 'seq' | 'range' {
  const isRange = [fromSeq, toSeq, from, to].some((bound) => bound !== undefined)
  const wishes = [failed === true, seq !== undefined, isRange].filter(Boolean)
  const isTwice = (fromSeq !== undefined && from !== undefined) || (toSeq !== undefined && to !== undefined)
  if (wishes.length !== 1 || isTwice) {
    throw new HiloError('INVALID_REQUEST', 'Say which events: either "seq", or "failed": true, or a range that begins '
      + 'with "fromSeq" or "from" and ends with "toSeq" or "to".', { field: 'seq' })
  }
  if (isRange && fromSeq === undefined && from === undefined) {
    throw new HiloError('INVALID_REQUEST', 'The range has no beginning.', {
      field: to === undefined ? 'fromSeq' : 'from', hint: 'Add "fromSeq", a number, or "from", a time.',
    })
  }
  return failed ? 'failed' : seq !== undefined ? 'seq' : 'range'
}

/** What waits for nothing else gets its job now. */
async function endPause(tx: Transaction, { organizationId, id }: EndpointAddress): Promise<void> {
  await tx.updateTable('webhook_endpoints').set({ paused_until: null })
    .where('organization_id', '=', organizationId).where('id', '=', id).execute()
  await tx.updateTable('webhook_deliveries').set({ is_queued: false })
    .where('organization_id', '=', organizationId).where('endpoint_id', '=', id).where('is_pending', '=', true)
    .where('next_attempt_at', '<=', sql<Date>`now()`).execute()
}

async function redeliverFailed(tx: Transaction, { organization_id, id }: EndpointRow): Promise<number> {
  const { numUpdatedRows } = await tx.updateTable('webhook_deliveries')
    .set({ is_pending: true, is_queued: false, attempts: 0, next_attempt_at: new Date() })
    .where('organization_id', '=', organization_id).where('endpoint_id', '=', id)
    .where((row) => row.or([row('is_pending', '=', false), row('attempts', '>', 0)])).executeTakeFirstOrThrow()
  return Number(numUpdatedRows)
}

/** Whoever names an event wants it, whatever the filters say. */
async function redeliverOne(tx: Transaction, endpoint: EndpointRow, seq: number): Promise<Redelivery> {
  const queued = await addAgain(tx, endpoint, deliveriesOf(endpoint, sql`
    select * from events where organization_id = ${endpoint.organization_id} and seq = ${seq}
  `))
  if (queued.length > 0) return { queued: 1, nextFromSeq: null }
  const what = endpoint.kind === 'answers' ? 'answer of this agent' : 'event'
  throw new HiloError('NOT_FOUND', `No ${what} with the number ${seq} in the log of this organization.`, {
    field: 'seq', hint: 'GET /api/events lists what the log still holds.',
  })
}

/** In UTC: PostgreSQL knows fewer offsets than ISO 8601. */
const readBound = (field: string, time: string | undefined): string | undefined => (
  time === undefined ? undefined : readInstant(field, time).toISOString()
)

async function redeliverRange(tx: Transaction, endpoint: EndpointRow, body: RedeliverBody): Promise<Redelivery> {
  const { fromSeq = 1, toSeq = endpoint.last_seq } = body
  const from = readBound('from', body.from)
  const to = readBound('to', body.to)
  const wanted = wantedEvents(endpoint, sql`
    select * from events
    where organization_id = ${endpoint.organization_id} and seq between ${fromSeq} and ${Math.min(toSeq, endpoint.last_seq)}
      ${from === undefined ? sql`` : sql`and created_at >= ${from}::timestamptz`}
      ${to === undefined ? sql`` : sql`and created_at <= ${to}::timestamptz`}
    order by seq
  `)
  const seqs = await addAgain(tx, endpoint, sql`
    select * from (${wanted}) e order by seq fetch first (${maxEvents}) rows with ties
  `)
  const newest = seqs.reduce((one, other) => Math.max(one, other), 0)
  return { queued: new Set(seqs).size, nextFromSeq: seqs.length < maxEvents ? null : newest + 1 }
}

/**
 * What waits or was given up lies in the lanes that the endpoint has now (`change-endpoint.ts`).
 * @returns the numbers of the events that are to be sent, once for each delivery.
 */
async function addAgain(
  tx: Transaction, { organization_id, id }: EndpointRow, deliveries: RawBuilder<unknown>,
): Promise<number[]> {
  const { rows } = await sql<{ seq: number }>`
    insert into webhook_deliveries as d (organization_id, endpoint_id, seq, lane, url, is_pending, is_queued)
    select ${organization_id}, ${id}, seq, lane, url, true, false from (${deliveries}) w
    on conflict (endpoint_id, organization_id, seq, lane)
      do update set is_pending = true, is_queued = false, attempts = 0, next_attempt_at = now()
    returning seq
  `.execute(tx)
  return rows.map(({ seq }) => seq)
}
