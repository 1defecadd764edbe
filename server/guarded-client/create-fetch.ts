import { type Dispatcher, fetch, type RequestInit, type Response as UndiciResponse } from 'undici'
import { checkUrl } from './check-url.ts'
import { explainFailure } from './explain-failure.ts'
import { GuardError } from './guard-error.ts'

/** As the `fetch` of the platform. Its callers bound the time, by the signal that they pass. */
export type GuardedFetch = typeof globalThis.fetch

interface FetchOptions {
  allowPrivate: boolean
  dispatcher: Dispatcher
}

/**
 * A `fetch` for libraries, by the same rules as every other call of an address that a caller gave.
 * It rejects with a GuardError that says what is wrong with the address, and for a redirect too: a library would take
 * it for an answer.
 */
export function createFetch({ allowPrivate, dispatcher }: FetchOptions): GuardedFetch {
  return async (input, init) => {
    if (input instanceof Request) throw new TypeError('Pass the URL and the options, not a Request.')
    const url = checkUrl(String(input), allowPrivate)
    const response = await open(url, { ...(init as RequestInit | undefined), redirect: 'manual', dispatcher })
    if (response.status >= 300 && response.status < 400) throw await refuseRedirect(url, response)
    return response
  }
}

async function open(url: URL, options: RequestInit): Promise<UndiciResponse> {
  try {
    return await fetch(url, options)
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason
    const cause = error instanceof TypeError && error.cause !== undefined ? error.cause : error
    if (cause instanceof Error && cause.message === 'bad port') {
      throw new GuardError('REFUSED', `The port ${url.port} is kept for another protocol than HTTP. Use another one.`)
    }
    throw cause instanceof GuardError ? cause : explainFailure(cause, url.hostname)
  }
}

async function refuseRedirect(url: URL, response: UndiciResponse): Promise<GuardError> {
  await response.body?.cancel()
  const target = URL.parse(response.headers.get('location') ?? '', url.href)
  const words = `"${url.hostname}" answers with a redirect (${response.status}), which is not followed.`
  return new GuardError('FAILED', target ? `${words} Give the address that it leads to, at "${target.host}".` : words)
}
