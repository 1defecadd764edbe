import type { Readable } from 'node:stream'
import { Agent, type Dispatcher, request } from 'undici'
import { checkUrl } from './check-url.ts'
import { createCheckedLookup } from './checked-lookup.ts'
import { createFetch, type GuardedFetch } from './create-fetch.ts'
import { explainFailure } from './explain-failure.ts'
import { GuardError } from './guard-error.ts'
import { type ResolveHost, resolveAnyHost, resolvePublicHost } from './resolve-host.ts'

export interface GuardedClientOptions {
  /** HILO_ALLOW_PRIVATE_TARGETS: `http:`, this machine and private networks may be called as well. */
  allowPrivate: boolean
  /** Instead of the DNS, for tests. */
  resolve?: ResolveHost
}

export interface GuardedRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  headers: Record<string, string>
  body?: string
  /** For the whole exchange, from the look-up of the name to the last byte that is read. */
  timeoutMs: number
  /** Of the answer's body; what comes after is not read. */
  maxAnswerBytes: number
  /** Breaks the exchange off; it then rejects with the signal's reason. */
  signal?: AbortSignal
}

export interface GuardedBytes {
  status: number
  /** By lower-case name. */
  headers: Dispatcher.ResponseData['headers']
  /** The beginning of it. */
  body: Uint8Array
  /** The answer was longer than what was read. */
  isCut: boolean
  durationMs: number
}

export type GuardedPost = Omit<GuardedRequest, 'method'> & { body: string }

export type GuardedAnswer = Omit<GuardedBytes, 'body' | 'isCut'> & {
  /** The beginning of it, as UTF-8; may hold any character, U+0000 included. */
  body: string
}

export interface GuardedClient {
  /**
   * Calls an address that a caller gave. A redirect is an answer as any other: it is never followed.
   * @throws GuardError with a reason for people, when there was no whole answer.
   */
  request(url: string, options: GuardedRequest): Promise<GuardedBytes>
  /** Posts to the address of a receiver of webhooks, otherwise like `request`. */
  post(url: string, options: GuardedPost): Promise<GuardedAnswer>
  /** For libraries that take a `fetch`, with answers of any length. */
  fetch: GuardedFetch
  /** Drops every connection. */
  close(): Promise<void>
}

/** Short, so that a name that leads elsewhere is soon followed, and few connections turn out to be closed already. */
const keepAliveMs = 4_000

/**
 * The one HTTP client for addresses that callers gave us. It reaches public addresses over https only, judged on the
 * very address that is connected to; it follows no redirect and knows no proxy. Connections are kept by origin, so that
 * one host never gets another's.
 */
export function createGuardedClient({ allowPrivate, resolve }: GuardedClientOptions): GuardedClient {
  const lookup = createCheckedLookup({ allowPrivate, resolve: resolve ?? chooseResolver(allowPrivate) })
  const dispatcher = new Agent({
    allowH2: false, // breaking off one answer would break off the others of the same connection
    connect: { lookup, autoSelectFamily: true },
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
  })
  const call = (url: string, options: GuardedRequest) => callInTime(url, { ...options, allowPrivate, dispatcher })
  return {
    request: call,
    async post(url, options) {
      try {
        const { isCut, body, ...answer } = await call(url, { ...options, method: 'POST' })
        // In a stream, a character that was cut in two is left out.
        return { ...answer, body: new TextDecoder().decode(body, { stream: isCut }) }
      } catch (error) {
        if (!(error instanceof GuardError) || error.reason !== 'TIMEOUT') throw error
        throw new GuardError('TIMEOUT', `${error.message} Answer at once and do the work afterwards.`, { cause: error })
      }
    },
    fetch: createFetch({ allowPrivate, dispatcher }),
    close: () => dispatcher.destroy(),
  }
}

interface Call extends GuardedRequest {
  allowPrivate: boolean
  dispatcher: Dispatcher
}

async function callInTime(text: string, options: Call): Promise<GuardedBytes> {
  const url = checkUrl(text, options.allowPrivate)
  const timeout = AbortSignal.timeout(options.timeoutMs)
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout
  try {
    signal.throwIfAborted()
    return await Promise.race([exchange(url, { ...options, signal }), rejectOnAbort(signal)])
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason
    if (timeout.aborted) throw explainTimeout(url, options.timeoutMs)
    throw error instanceof GuardError ? error : explainFailure(error, url.hostname)
  }
}

/** Undici hears of a signal only once it is connected; a look-up or a connection that hangs would go past the limit. */
function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function chooseResolver(allowPrivate: boolean): ResolveHost {
  return allowPrivate ? resolveAnyHost : resolvePublicHost
}

function explainTimeout({ hostname }: URL, timeoutMs: number): GuardError {
  return new GuardError('TIMEOUT', `"${hostname}" did not answer in full within ${timeoutMs / 1000} seconds.`)
}

async function exchange(url: URL, { maxAnswerBytes, ...options }: Call): Promise<GuardedBytes> {
  const start = performance.now()
  const { method, headers, body, signal, dispatcher } = options
  const answer = await request(url, { method, headers, body, signal, dispatcher })
  const beginning = await readBeginning(answer.body, maxAnswerBytes)
  return {
    status: answer.statusCode,
    headers: answer.headers,
    ...beginning,
    durationMs: Math.round(performance.now() - start),
  }
}

/** Leaving the loop early destroys the stream and with it the connection: an endless answer ends there. */
async function readBeginning(body: Readable, maxBytes: number): Promise<Pick<GuardedBytes, 'body' | 'isCut'>> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    size += chunk.length
    if (size > maxBytes) break
  }
  return { body: Buffer.concat(chunks).subarray(0, maxBytes), isCut: size > maxBytes }
}
