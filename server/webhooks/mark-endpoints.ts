import { sql } from 'kysely'
import { inOrder } from '../database/in-order.ts'
import { keyOf } from '../database/key-of.ts'
import { type Statement, statement } from '../database/statements.ts'
import type { WithTried } from './record-outcomes.ts'

/** What the outcomes that were written together say of an endpoint. */
interface EndpointState {
  organization_id: string
  id: string
  /** Where it was tried; another address that was set meanwhile is judged by its own attempts. */
  url: string
  /** Whether something was accepted. */
  is_accepted: boolean
  /** When the first attempt failed after the last that was accepted. */
  failing_since: string | null
  /** Until when it wants to be left alone. */
  paused_until: string | null
}

/**
 * Statements that note since when endpoints fail, and until when they want to be left alone; a row is touched where
 * that changes only. An attempt that began before a pause says nothing against it, and none begins before its end: a
 * pause is only ever prolonged. One address of many says nothing of an endpoint of answers.
 */
export function markEndpoints(tried: readonly WithTried[]): Statement<void>[] {
  const byTarget = Object.groupBy(tried, ({ lane, tried: { url } }) => keyOf(lane.organizationId, lane.endpointId, url))
  const states = Object.values(byTarget).map((ended) => summarize(ended!))
  return inOrder(['organization_id', 'id'], states).map((state) => {
    const failingSince = sql`case when ${state.is_accepted} then ${state.failing_since}::timestamptz
      else coalesce(failing_since, ${state.failing_since}::timestamptz) end`
    const pausedUntil = sql`greatest(paused_until, ${state.paused_until}::timestamptz)`
    return statement(sql`
      update webhook_endpoints set failing_since = ${failingSince}, paused_until = ${pausedUntil}
      where id = ${state.id} and organization_id = ${state.organization_id} and url = ${state.url}
        and (failing_since is distinct from ${failingSince} or paused_until is distinct from ${pausedUntil})
    `, () => {})
  })
}

/** @param ended of one endpoint and address, in the order in which they ended. */
function summarize(ended: readonly WithTried[]): EndpointState {
  const { organizationId, endpointId } = ended[0]!.lane
  const lastAccepted = ended.findLastIndex(({ tried }) => tried.attempt.isDelivered)
  const pauses = ended.map(({ tried }) => tried.attempt.retryAfterMs ?? 0)
  const pauseMs = Math.max(...pauses)
  return {
    organization_id: organizationId,
    id: endpointId,
    url: ended[0]!.tried.url,
    is_accepted: lastAccepted !== -1,
    failing_since: ended[lastAccepted + 1]?.tried.sentAt.toISOString() ?? null,
    paused_until: pauseMs > 0 ? new Date(Date.now() + pauseMs).toISOString() : null,
  }
}
