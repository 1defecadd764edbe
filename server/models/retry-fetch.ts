import { setTimeout } from 'node:timers/promises'
import type { GuardedFetch } from '../guarded-client/create-fetch.ts'
import { GuardError } from '../guarded-client/guard-error.ts'
import { readRetryAfter } from '../guarded-client/read-retry-after.ts'

/** Tells `retryFetch` how much time there is; it is not sent. */
const deadlineHeader = 'x-hilo-deadline'

/** Header that says when a request is to be done, as `performance.now()` counts: no wait goes past it. */
export function writeDeadline(deadline: number): Record<string, string> {
  return { [deadlineHeader]: String(deadline) }
}

const tries = 3

/** However much time there is: who waits for an answer is served sooner by the fallback model, or by a human. */
const longestWaitMs = 10_000

/**
 * A `fetch` that asks again where a provider is too busy (429), fails (5xx) or breaks the connection off before it
 * answers. It stands in for the AI SDK's own retries, which take no heed of the time that is left: a `Retry-After`
 * that is too long for it is an answer at once.
 * @param retryDelayMs before the second try, where the provider does not say how long; doubled before the third.
 */
export function retryFetch(fetch: GuardedFetch, retryDelayMs: number): GuardedFetch {
  return async (input, init) => {
    const headers = new Headers(init?.headers)
    const deadline = Number(headers.get(deadlineHeader) ?? Infinity)
    headers.delete(deadlineHeader)
    const sent = { ...init, headers: Object.fromEntries(headers) }
    for (let count = 1; ; count++) {
      const result = await fetch(input, sent).catch((error: unknown) => keepPassing(error))
      const asked = result instanceof GuardError ? undefined : readAskedWait(result.headers)
      const waitMs = asked ?? retryDelayMs * 2 ** (count - 1) * (1 + Math.random() / 4)
      const isLast = count === tries || waitMs > longestWaitMs || performance.now() + waitMs >= deadline
      if (result instanceof GuardError) {
        if (isLast) throw result
      } else {
        if (isLast || !isPassing(result.status)) return result
        await result.body?.cancel()
      }
      await setTimeout(waitMs, undefined, { signal: init?.signal ?? undefined })
    }
  }
}

/** A failure on the way may pass; what our rules refuse never does. */
function keepPassing(error: unknown): GuardError {
  if (error instanceof GuardError && error.reason === 'FAILED') return error
  throw error
}

function isPassing(status: number): boolean {
  return [408, 409, 429].includes(status) || status >= 500
}

/** Milliseconds that a provider asks to wait, which it says as HTTP does or in a header of its own. */
export function readAskedWait(headers: Headers): number | undefined {
  const exact = headers.get('retry-after-ms')
  if (exact !== null && Number(exact) >= 0) return Number(exact)
  return readRetryAfter(headers.get('retry-after'))
}
