import { sql } from 'kysely'
import type { JobAttempt } from 'pg-boss'
import { createId } from '../database/create-id.ts'
import { runTogether, type Statement, statement } from '../database/statements.ts'
import { insertInto, writeRows } from '../database/write-rows.ts'
import type { Database } from '../database/schema.ts'
import { asOwner } from '../database/transactions.ts'
import { inTransaction } from '../jobs/in-transaction.ts'
import type { Jobs } from '../jobs/start-jobs.ts'
import { deliveryQueue, type Lane, queueLanes, type WaitingLane } from './lanes.ts'
import { markEndpoints } from './mark-endpoints.ts'
import type { Attempt } from './send-event.ts'

/** A job that was worked on, and what came of it. */
export interface Outcome {
  job: JobAttempt
  lane: Lane
  /** Absent where there was nothing to send. */
  tried?: Tried
}

export interface Tried {
  seq: number
  /** Where it was sent to. */
  url: string
  eventType: string
  /** This one included. */
  attempts: number
  sentAt: Date
  attempt: Attempt
  /** When it failed; `null`: given up. */
  nextAttemptAt: Date | null
}

export type WithTried = Outcome & { tried: Tried }

/**
 * Writes down what came of jobs, in one transaction: the attempts, what is delivered or to be tried again, the next job
 * of each lane that has more to send, and that these jobs are done. Locks are taken in the order endpoints, deliveries,
 * jobs, as everywhere. A job that another process has taken over meanwhile is left to it.
 */
export function recordOutcomes(db: Database, jobs: Jobs, outcomes: readonly Outcome[]): Promise<void> {
  return asOwner(db, async (tx) => {
    const tried = outcomes.filter((one): one is WithTried => one.tried !== undefined)
    await runTogether(tx, markEndpoints(tried))
    const [, , next] = await runTogether(tx, [
      writeRows([attemptRows(tried)]), settleDeliveries(tried), selectNext(outcomes.map(({ lane }) => lane)),
    ])
    await queueLanes(tx, jobs, next)
    await jobs.deleteJob(deliveryQueue, outcomes.map(({ job }) => job), { db: inTransaction(tx) })
  })
}

function attemptRows(tried: readonly WithTried[]) {
  return insertInto('webhook_attempts', {
    columns: [
      'organization_id', 'id', 'endpoint_id', 'seq', 'url', 'event_type', 'attempt', 'is_delivered', 'status',
      'duration_ms', 'error', 'answer', 'next_attempt_at', 'created_at',
    ],
    rows: tried.map(({ lane, tried: { seq, url, eventType, attempts, sentAt, attempt, nextAttemptAt } }) => ({
      organization_id: lane.organizationId,
      id: createId(),
      endpoint_id: lane.endpointId,
      seq,
      url,
      event_type: eventType,
      attempt: attempts,
      is_delivered: attempt.isDelivered,
      status: attempt.status,
      duration_ms: attempt.durationMs,
      error: attempt.error,
      answer: attempt.answer,
      next_attempt_at: nextAttemptAt?.toISOString(),
      created_at: sentAt.toISOString(),
    })),
  })
}

/** What was asked for again meanwhile is left as that left it. */
function settleDeliveries(tried: readonly WithTried[]): Statement<void> {
  const rows = JSON.stringify(tried.map(({ lane, tried: { seq, attempts, attempt, nextAttemptAt } }) => ({
    organization_id: lane.organizationId, endpoint_id: lane.endpointId, seq, lane: lane.lane,
    attempts, is_delivered: attempt.isDelivered, next_attempt_at: nextAttemptAt?.toISOString() ?? null,
  })))
  return statement(tried.length === 0 ? undefined : sql`
    with o as (
      select * from json_to_recordset(${rows}::json) as o(
        organization_id text, endpoint_id text, seq bigint, lane text, attempts integer, is_delivered boolean,
        next_attempt_at timestamptz
      )
    ), delivered as (
      delete from webhook_deliveries d using o
      where d.endpoint_id = o.endpoint_id and d.organization_id = o.organization_id and d.seq = o.seq and d.lane = o.lane
        and o.is_delivered
    )
    update webhook_deliveries d set attempts = o.attempts, is_pending = o.next_attempt_at is not null,
      next_attempt_at = coalesce(o.next_attempt_at, d.next_attempt_at)
    from o
    where d.endpoint_id = o.endpoint_id and d.organization_id = o.organization_id and d.seq = o.seq and d.lane = o.lane
      and not o.is_delivered and d.attempts = o.attempts - 1
  `, () => {})
}

/** Those of these lanes that have more to send. */
function selectNext(lanes: readonly Lane[]): Statement<WaitingLane[]> {
  return statement(sql<WaitingLane>`
    select l."organizationId", l."endpointId", l.lane,
      w.failing_since is not null or w.kind = 'answers' and d.attempts > 0 as "isFailing",
      greatest(d.next_attempt_at, w.paused_until, now()) as "startAfter"
    from json_to_recordset(${JSON.stringify(lanes)}::json) as l("organizationId" text, "endpointId" text, lane text)
    cross join lateral (
      select kind, failing_since, paused_until from webhook_endpoints w
      where w.id = l."endpointId" and w.organization_id = l."organizationId" and w.is_enabled offset 0
    ) w
    cross join lateral (
      select attempts, next_attempt_at from webhook_deliveries d
      where d.endpoint_id = l."endpointId" and d.lane = l.lane and d.organization_id = l."organizationId" and d.is_pending
      order by d.seq limit 1
    ) d
  `, (rows) => rows)
}
