import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { Event } from '@hilo/contract'
import { Webhook } from 'standardwebhooks'

/** What came in, as it came in. */
export interface Received {
  headers: IncomingHttpHeaders
  body: string
  event: Event
}

/** What the receiver answers; without a status it hangs until it is closed. */
export interface ReceiverAnswer {
  status?: number
  /** It answers once this is settled. */
  after?: Promise<unknown>
  headers?: Record<string, string>
  body?: string
}

export interface Receiver {
  url: string
  received: Received[]
  /** Waits until `isEnough` of what has come in. */
  until(isEnough: (received: readonly Received[]) => boolean): Promise<void>
  /** Waits until so many requests came in, counted from the start of the receiver. */
  waitFor(count: number): Promise<Received[]>
}

/** Undefined where the sender breaks off in the midst of it, as one does that is killed. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  try {
    return Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)).toString()
  } catch {
    return undefined
  }
}

/** A real HTTP server that takes webhooks; `answer` sees each before it is counted. */
export async function startReceiver(
  t: TestContext, answer: (one: Received, index: number) => ReceiverAnswer = () => ({ status: 204 }),
): Promise<Receiver> {
  const received: Received[] = []
  const waiting = new Set<() => void>()
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request)
    if (body === undefined) return
    const one = { headers: request.headers, body, event: JSON.parse(body) as Event }
    const { status, after, headers, body: text } = answer(one, received.length)
    received.push(one)
    for (const check of waiting) check()
    await after
    if (status !== undefined) response.writeHead(status, headers).end(text)
  }
  const server = createServer((request, response) => void take(request, response))
  const until: Receiver['until'] = (isEnough) => new Promise((resolve) => {
    const check = () => {
      if (!isEnough(received)) return
      waiting.delete(check)
      resolve()
    }
    waiting.add(check)
    check()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    until,
    waitFor: async (count) => {
      await until(() => received.length >= count)
      return received.slice()
    },
  }
}

/** Throws unless the signature is right, by the verifier that receivers use. */
export function verify(secret: string, { body, headers }: Received): unknown {
  return new Webhook(secret).verify(body, headers as Record<string, string>)
}
