import { sql } from 'kysely'
import type { Database, Transaction } from '../database/schema.ts'
import { runTogether, type Statement, statement } from '../database/statements.ts'
import { asOwner } from '../database/transactions.ts'
import type { Jobs } from '../jobs/start-jobs.ts'
import type { EndpointRow } from './access-endpoint.ts'
import { hurryLanes, type Lane, queueLanes, type WaitingLane } from './lanes.ts'
import { mayWant, wantedEvents } from './wanted-events.ts'

const maxEndpoints = 50
const maxEvents = 500
const maxDeliveries = 500

type BehindEndpoint = EndpointRow & {
  /** Number of the newest event. */
  newest: number
}

/**
 * Makes deliveries and their jobs of what the endpoints have not seen yet, and moves on the place up to which they
 * have, in one transaction: whenever the process dies, no event is left out and none comes twice. Endpoints that
 * another process works on are left to it.
 * @returns whether there is more to do.
 */
export function dispatchEvents(db: Database, jobs: Jobs, organizationIds: readonly string[]): Promise<boolean> {
  return asOwner(db, async (tx) => {
    const endpoints = await lockBehind(tx, organizationIds)
    const added = await runTogether(tx, endpoints.map(addDeliveries))
    await queueLanes(tx, jobs, added.flatMap(({ lanes }) => lanes))
    return endpoints.length === maxEndpoints || added.some(({ isMore }) => isMore)
  })
}

async function lockBehind(tx: Transaction, organizationIds: readonly string[]): Promise<BehindEndpoint[]> {
  const { rows } = await sql<BehindEndpoint>`
    select w.*, s.last_seq as newest
    from webhook_endpoints w join event_sequences s using (organization_id)
    where w.organization_id = any(${organizationIds}::text[]) and w.is_enabled and w.last_seq < s.last_seq
      and ${mayWant}
    order by w.organization_id, w.id limit ${maxEndpoints}
    for update of w skip locked
  `.execute(tx)
  return rows
}

interface Added {
  lanes: WaitingLane[]
  /** Whether the endpoint has not seen everything yet. */
  isMore: boolean
}

/** Numbers have no gap, but the oldest events are removed by and by: then the rest begins later. */
function addDeliveries(endpoint: BehindEndpoint): Statement<Added> {
  const { organization_id: organizationId, id: endpointId, agent_id, last_seq, newest } = endpoint
  const isForAnswers = sql`callback is not null and callback ->> 'agentId' = ${agent_id}`
  const isFailing = endpoint.failing_since !== null
  return statement(sql<{ isMore: boolean, lanes: string[] | null }>`
    with batch as (
      select seq, type, conversation_id, contact_id, api_key_id, callback from events
      where organization_id = ${organizationId} and seq > ${last_seq} and seq <= ${newest}
        ${endpoint.kind === 'answers' ? sql`and ${isForAnswers}` : sql``}
      order by seq limit ${maxEvents}
    ), wanted as (${wantedEvents(endpoint, sql`select * from batch`)}), added as (
      insert into webhook_deliveries (organization_id, endpoint_id, seq, lane, url, is_pending, is_queued)
      select ${organizationId}, ${endpointId}, seq, lane, url, true, true from wanted
      on conflict (endpoint_id, organization_id, seq, lane) do nothing
    ), place as (
      select case when count(*) < ${maxEvents} then ${newest} else max(seq) end as reached from batch
    ), moved as (
      update webhook_endpoints set last_seq = reached from place
      where organization_id = ${organizationId} and id = ${endpointId}
    )
    select reached < ${newest} as "isMore", (select array_agg(distinct lane) from wanted) as lanes from place
  `, ([row]) => ({
    lanes: (row!.lanes ?? []).map((lane) => ({ organizationId, endpointId, lane, isFailing })), isMore: row!.isMore,
  }))
}

/**
 * Makes jobs for deliveries that have none: what is to be sent again, and what waited for its endpoint to be enabled.
 * @returns whether there may be more.
 */
export function queueWaiting(db: Database, jobs: Jobs): Promise<boolean> {
  return asOwner(db, async (tx) => {
    const { rows } = await sql<Lane>`
      with picked as (
        select d.endpoint_id, d.organization_id, d.seq, d.lane
        from webhook_deliveries d
        join webhook_endpoints w on w.id = d.endpoint_id and w.organization_id = d.organization_id
        where d.is_pending and not d.is_queued and w.is_enabled
        order by d.next_attempt_at limit ${maxDeliveries}
        for update of d skip locked
      )
      update webhook_deliveries d set is_queued = true from picked p
      where d.endpoint_id = p.endpoint_id and d.organization_id = p.organization_id and d.seq = p.seq
        and d.lane = p.lane
      returning d.organization_id as "organizationId", d.endpoint_id as "endpointId", d.lane
    `.execute(tx)
    await queueLanes(tx, jobs, rows.map((lane) => ({ ...lane, isFailing: false })))
    await hurryLanes(tx, rows)
    return rows.length === maxDeliveries
  })
}

/** What there is to do, as a look around finds it. */
export interface Situation {
  /** Organizations with enabled endpoints. */
  recipients: ReadonlySet<string>
  /** Those of them whose endpoints have not seen everything. */
  behind: readonly string[]
  /** Whether there are deliveries without a job. */
  isAnyUnqueued: boolean
  /** Whether there are deliveries whose time has come. */
  isAnyDue: boolean
}

/** One statement, as it is asked for every second. */
export function lookAround(db: Database): Promise<Situation> {
  return asOwner(db, async (tx) => {
    const { rows } = await sql<{ ids: string[], behind: string[], isAnyUnqueued: boolean, isAnyDue: boolean }>`
      select coalesce(array_agg(distinct w.organization_id), '{}') as ids,
        coalesce(array_agg(distinct w.organization_id) filter (where w.last_seq < s.last_seq and ${mayWant}), '{}') as behind,
        exists (
          select from webhook_deliveries d join webhook_endpoints e
            on e.id = d.endpoint_id and e.organization_id = d.organization_id
          where d.is_pending and not d.is_queued and e.is_enabled
        ) as "isAnyUnqueued",
        exists (select from webhook_deliveries where is_pending and next_attempt_at <= now()) as "isAnyDue"
      from webhook_endpoints w left join event_sequences s using (organization_id)
      where w.is_enabled
    `.execute(tx)
    const { ids, ...rest } = rows[0]!
    return { ...rest, recipients: new Set(ids) }
  })
}
