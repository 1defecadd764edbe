import type { GuardedFetch } from '../guarded-client/create-fetch.ts'

/** Far more than a model says; who sets a base URL may have it lead to something that never ends. */
const maxBytes = 16 * 1024 * 1024

/** Of an error only the beginning is of use. */
const maxErrorBytes = 16 * 1024

/** A `fetch` whose answers have an end. What is too long breaks off with an error, the text of an error just ends. */
export function limitAnswer(fetch: GuardedFetch): GuardedFetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    const { ok, status, statusText, headers, body } = response
    if (!body) return response
    let left = ok ? maxBytes : maxErrorBytes
    const limited = body.pipeThrough(new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        left -= chunk.length
        if (left >= 0) controller.enqueue(chunk)
        else if (ok) controller.error(new Error(`More than ${maxBytes} bytes came.`))
        else controller.terminate()
      },
    }))
    return new Response(limited, { status, statusText, headers: Object.fromEntries(headers) })
  }
}
