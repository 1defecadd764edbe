import type { Readable } from 'node:stream'
import { Agent, type Dispatcher, request } from 'undici'
import { checkUrl } from './check-url.ts'
import { createCheckedLookup } from './checked-lookup.ts'
import { explainFailure } from './explain-failure.ts'
import { GuardError } from './guard-error.ts'
import { type ResolveHost, resolveAnyHost, resolvePublicHost } from './resolve-host.ts'

export interface GuardedClientOptions {
  /** HILO_ALLOW_PRIVATE_TARGETS: `http:`, this machine and private networks may be called as well. */
  allowPrivate: boolean
  /** Instead of the DNS, for tests. */
  resolve?: ResolveHost
}

export interface GuardedPost {
  headers: Record<string, string>
  body: string
  /** For the whole exchange, from the look-up of the name to the last byte that is read. */
  timeoutMs: number
  /** Of the answer's body; what comes after is not read. */
  maxAnswerBytes: number
  /** Breaks the exchange off; it then rejects with the signal's reason. */
  signal?: AbortSignal
}

export interface GuardedAnswer {
  status: number
  /** By lower-case name. */
  headers: Dispatcher.ResponseData['headers']
  /** The beginning of it, as UTF-8; may hold any character, U+0000 included. */
  body: string
  durationMs: number
}

export interface GuardedClient {
  /**
   * Posts to an address that a caller gave. A redirect is an answer as any other: it is never followed.
   * @throws GuardError with a reason for people, when there was no whole answer.
   */
  post(url: string, options: GuardedPost): Promise<GuardedAnswer>
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
  return {
    async post(text, options) {
      const url = checkUrl(text, allowPrivate)
      const timeout = AbortSignal.timeout(options.timeoutMs)
      const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout
      try {
        signal.throwIfAborted()
        return await Promise.race([exchange(url, { ...options, signal, dispatcher }), rejectOnAbort(signal)])
      } catch (error) {
        if (options.signal?.aborted) throw options.signal.reason
        if (timeout.aborted) throw explainTimeout(url, options.timeoutMs)
        throw error instanceof GuardError ? error : explainFailure(error, url.hostname)
      }
    },
    close: () => dispatcher.destroy(),
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
  return new GuardError('TIMEOUT', `"${hostname}" did not answer in full within ${timeoutMs / 1000} seconds. Answer at `
    + 'once and do the work afterwards.')
}

interface Exchange extends GuardedPost {
  signal: AbortSignal
  dispatcher: Dispatcher
}

async function exchange(url: URL, { maxAnswerBytes, ...options }: Exchange): Promise<GuardedAnswer> {
  const start = performance.now()
  const { headers, body, signal, dispatcher } = options
  const answer = await request(url, { method: 'POST', headers, body, signal, dispatcher })
  const text = await readBeginning(answer.body, maxAnswerBytes)
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: text,
    durationMs: Math.round(performance.now() - start),
  }
}

/** Leaving the loop early destroys the stream and with it the connection: an endless answer ends there. */
async function readBeginning(body: Readable, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    size += chunk.length
    if (size >= maxBytes) break
  }
  const beginning = Buffer.concat(chunks).subarray(0, maxBytes)
  return new TextDecoder().decode(beginning, { stream: true }) // leaves out a character that was cut in two
}
