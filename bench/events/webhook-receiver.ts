import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { nowMs } from '../measurement.ts'
import { ArrivalLog, type Arrivals } from './arrivals.ts'
import { serveScenario } from './worker.ts'

export interface ReceiverOrder {
  /** How many endpoints answer: `/answer/0`, `/answer/1`… `/hang` never does. */
  endpoints: number
}

export interface ReceiverReady {
  url: string
}

export interface ReceiverEnding {
  /** For each endpoint, how many events it has to get. */
  expected: number[]
}

export interface ReceiverResult {
  /** Attempts to deliver to the endpoints that answer. */
  endpoints: Arrivals[]
  /** Attempts to deliver to those that hang. */
  hanging: number
}

/** For what is still on its way when the load has ended. */
const patienceMs = 30_000

class Endpoint {
  readonly log: ArrivalLog
  readonly #seen = new Set<number>()

  constructor(tenant: number) {
    this.log = new ArrivalLog(tenant)
  }

  get count(): number {
    return this.#seen.size
  }

  /** Remembers an attempt by its event's number, the last part of `webhook-id`. */
  note(request: IncomingMessage): void {
    const seq = Number(String(request.headers['webhook-id']).split('_').at(-1))
    this.log.add(seq, nowMs())
    this.#seen.add(seq)
  }
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  request.resume()
  request.once('end', () => response.writeHead(204).end())
}

serveScenario<ReceiverOrder, ReceiverReady, ReceiverEnding, ReceiverResult>({
  async begin(order) {
    const endpoints = Array.from({ length: order.endpoints }, (_, tenant) => new Endpoint(tenant))
    let hanging = 0
    const server = createServer((request, response) => {
      const endpoint = endpoints[Number(/^\/answer\/(\d+)$/.exec(request.url!)?.[1])]
      endpoint?.note(request)
      if (endpoint) return answer(request, response)
      hanging += 1
      return undefined
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    return {
      ready: { url: `http://127.0.0.1:${port}` },
      async end({ expected }) {
        const until = nowMs() + patienceMs
        const isBehind = (endpoint: Endpoint, tenant: number) => endpoint.count < expected[tenant]!
        while (endpoints.some(isBehind) && nowMs() < until) await wait(10)
        server.close()
        server.closeAllConnections()
        return { endpoints: endpoints.map(({ log }) => log.toArrivals()), hanging }
      },
    }
  },
})
