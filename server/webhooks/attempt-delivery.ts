import type { Database } from '../database/schema.ts'
import { disableEndpoint, type GroundsToDisable } from './disable-endpoint.ts'
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
  const grounds = findGroundsToDisable(delivery, attempt)
  const isDisabled = grounds !== undefined && await disableEndpoint(db, endpoint, grounds)
  if (isGone(delivery, attempt)) return { ...tried, nextAttemptAt: null }
  const { retryAfterMs } = attempt
  const next = findNextAttempt({ attempts, retryAfterMs, now: new Date(), delaysMs: retryDelaysMs })
  // What waits while its endpoint is disabled is not given up: it goes when the endpoint is enabled again.
  return { ...tried, nextAttemptAt: next ?? (isDisabled ? new Date() : null) }
}

const eventIsGone: Attempt = {
  isDelivered: false, status: null, durationMs: 0, answer: null, retryAfterMs: undefined,
  error: 'The log does not hold this event any more (HILO_EVENT_RETENTION_DAYS).',
}

/** The address of an answer alone: the endpoint has others. */
function isGone({ endpoint }: Delivery, { status }: Attempt): boolean {
  return endpoint.kind === 'answers' && status === 410
}

function findGroundsToDisable({ endpoint }: Delivery, { status }: Attempt): GroundsToDisable | undefined {
  const { kind, failing_since: failingSince } = endpoint
  if (kind === 'answers') return undefined
  if (status === 410) return { reason: 'The receiver answered 410: it is gone.' }
  if (failingSince === null || Date.now() - failingSince.getTime() < disableAfterMs) return undefined
  return { reason: `It accepted nothing for five days, since ${failingSince.toISOString()}.`, failingSince }
}
