import type { Database } from '../database/schema.ts'
import { disableEndpoint } from './disable-endpoint.ts'
import type { Delivery } from './load-deliveries.ts'
import type { Tried } from './record-outcomes.ts'
import { disableAfterMs, findNextAttempt } from './retry-schedule.ts'
import type { Attempt, SendEvent } from './send-event.ts'

interface Attempting {
  db: Database
  send: SendEvent
  /** Milliseconds after the first, second… failure. */
  retryDelaysMs: readonly number[]
  signal: AbortSignal
}

/** Sends a delivery once and decides what follows: it is done, tried again, given up, or its endpoint disabled. */
export async function attemptDelivery(
  delivery: Delivery, { db, send, retryDelaysMs, signal }: Attempting,
): Promise<Tried> {
  const { endpoint, seq, event } = delivery
  const attempts = delivery.attempts + 1
  const sentAt = new Date()
  const { url } = endpoint
  if (!event) return { seq, url, eventType: 'unknown', attempts, sentAt, attempt: eventIsGone, nextAttemptAt: null }
  const attempt = await send(endpoint, event, signal)
  const tried = { seq, url, eventType: event.type, attempts, sentAt, attempt }
  if (attempt.isDelivered) return { ...tried, nextAttemptAt: null }
  const reason = findReasonToDisable(delivery, attempt)
  if (reason) await disableEndpoint(db, { organizationId: endpoint.organization_id, id: endpoint.id, reason })
  if (isGone(delivery, attempt)) return { ...tried, nextAttemptAt: null }
  const { retryAfterMs } = attempt
  const next = findNextAttempt({ attempts, retryAfterMs, now: new Date(), delaysMs: retryDelaysMs })
  // What waits while its endpoint is disabled is not given up: it goes when the endpoint is enabled again.
  return { ...tried, nextAttemptAt: next ?? (reason ? new Date() : null) }
}

const eventIsGone: Attempt = {
  isDelivered: false, status: null, durationMs: 0, answer: null, retryAfterMs: undefined,
  error: 'The log does not hold this event any more (HILO_EVENT_RETENTION_DAYS).',
}

/** The address of an answer alone: the endpoint has others. */
function isGone({ endpoint }: Delivery, { status }: Attempt): boolean {
  return endpoint.kind === 'answers' && status === 410
}

function findReasonToDisable({ endpoint }: Delivery, { status }: Attempt): string | undefined {
  if (endpoint.kind === 'answers') return undefined
  if (status === 410) return 'The receiver answered 410: it is gone.'
  const failingMs = endpoint.failing_since === null ? 0 : Date.now() - endpoint.failing_since.getTime()
  if (failingMs >= disableAfterMs) {
    return `It accepted nothing for five days, since ${endpoint.failing_since!.toISOString()}.`
  }
  return undefined
}
