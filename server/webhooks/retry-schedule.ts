const secondMs = 1000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs

/**
 * How long an event waits after its first, second… failed attempt: ten attempts in about three days, as Standard
 * Webhooks recommends. Milliseconds.
 */
export const retryDelaysMs: readonly number[] = [
  5 * secondMs, 5 * minuteMs, 30 * minuteMs, 2 * hourMs, 5 * hourMs, 10 * hourMs, 14 * hourMs, 20 * hourMs, 24 * hourMs,
]

/** An endpoint that accepted nothing for so long is disabled: five days. */
export const disableAfterMs = 5 * 24 * hourMs

interface FailedAttempt {
  /** Attempts of this event so far, this one included. */
  attempts: number
  /** What the receiver asked for. */
  retryAfterMs: number | undefined
  now: Date
  delaysMs: readonly number[]
}

/**
 * When to try again; undefined: give up. Up to a tenth is added at random, so that what failed together does not come
 * back together.
 */
export function findNextAttempt({ attempts, retryAfterMs = 0, now, delaysMs }: FailedAttempt): Date | undefined {
  const delayMs = delaysMs[attempts - 1]
  if (delayMs === undefined) return undefined
  return new Date(now.getTime() + Math.max(delayMs * (1 + Math.random() / 10), retryAfterMs))
}
