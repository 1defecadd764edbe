const windowMs = 60_000
/** Callers counted at once; further ones go uncounted, so that nobody fills the memory with made-up addresses. */
const maxCounted = 100_000

export interface RateLimiter {
  /** Counts one. @returns 0 if it is within the limit, else the seconds until it may try again. */
  count(who: string): number
}

/**
 * Allows each caller `perMinute` in every minute (a fixed window, the same for all; 0: no limit), in this process.
 * Counted by hand: it runs for every request, and @fastify/rate-limit takes several awaits for it.
 */
export function createRateLimiter(perMinute: number, now: () => number = Date.now): RateLimiter {
  const counts = new Map<string, number>()
  let windowEnd = 0
  return {
    count(who) {
      if (perMinute === 0) return 0
      const time = now()
      if (time >= windowEnd) {
        counts.clear()
        windowEnd = time + windowMs
      }
      const count = (counts.get(who) ?? 0) + 1
      if (count === 1 && counts.size >= maxCounted) return 0
      counts.set(who, count)
      return count > perMinute ? Math.ceil((windowEnd - time) / 1000) : 0
    },
  }
}
