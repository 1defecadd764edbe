import { get, type IncomingMessage } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { nowMs } from '../measurement.ts'
import { ArrivalLog, type Arrivals } from './arrivals.ts'
import { createStreamParser } from './stream-parser.ts'
import { serveScenario } from './worker.ts'

export interface ReadersOrder {
  url: string
  organizations: { organizationId: string, key: string }[]
  /** Reader k reads organization k modulo their number. */
  readers: number
}

/** Number of each organization's newest event. */
export interface ReadersEnding {
  lastSeqs: number[]
}

export interface ReaderResult extends Arrivals {
  /** Events of other organizations. */
  foreign: number
}

export interface ReadersResult {
  readers: ReaderResult[]
  /** How often a stream ended and was resumed after the last event that had come. */
  resumed: number
  /** What the server said, or what broke, the first time. */
  firstNotice?: string
}

const connectAtOnce = 50
const resumeAfterMs = 50
/** For connecting, and for what is still on its way when the load has ended. */
const patienceMs = 30_000

/** What the readers of this process share. */
const shared: Pick<ReadersResult, 'resumed' | 'firstNotice'> = { resumed: 0 }
const course = { isOver: false }

class Reader {
  lastSeq = 0
  readonly log: ArrivalLog
  foreign = 0
  readonly #url: string
  readonly #organization: ReadersOrder['organizations'][number]
  #response: IncomingMessage | undefined

  constructor({ url, organizations }: ReadersOrder, number: number) {
    const tenant = number % organizations.length
    this.#url = url
    this.#organization = organizations[tenant]!
    this.log = new ArrivalLog(tenant)
  }

  /** Opens the stream after the last event that came. Rejects where the server refuses. */
  async connect(): Promise<void> {
    const response = await this.#request()
    if (response.statusCode !== 200) {
      const body = await readText(response)
      throw new Error(`GET /api/events/stream answered ${response.statusCode}: ${body}`)
    }
    this.#response = response
    this.#read(response)
  }

  close(): void {
    this.#response?.destroy()
  }

  #request(): Promise<IncomingMessage> {
    const { key } = this.#organization
    const headers = {
      accept: 'text/event-stream', authorization: `Bearer ${key}`,
      ...this.lastSeq > 0 && { 'last-event-id': String(this.lastSeq) },
    }
    return new Promise((resolve, reject) => {
      get(`${this.#url}/api/events/stream?after=0`, { agent: false, headers }, resolve).on('error', reject)
    })
  }

  #read(response: IncomingMessage): void {
    let atMs = 0
    const parser = createStreamParser({
      organizationId: this.#organization.organizationId,
      onEvent: (seq, isForeign) => {
        this.lastSeq = seq
        this.foreign += Number(isForeign)
        this.log.add(seq, atMs)
      },
      onNotice: (text) => {
        shared.firstNotice ??= text
      },
    })
    response.on('data', (chunk: Buffer) => {
      atMs = nowMs()
      parser.push(chunk)
    })
    response.on('error', () => {}) // `close` follows
    response.once('close', () => void this.#resume())
  }

  async #resume(): Promise<void> {
    while (!course.isOver) {
      await wait(resumeAfterMs)
      shared.resumed += 1
      const failure = await this.connect().then(() => undefined, String)
      if (failure === undefined) return
      shared.firstNotice ??= failure
    }
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return text
}

async function connectAll(readers: readonly Reader[]): Promise<void> {
  for (let start = 0; start < readers.length; start += connectAtOnce) {
    await Promise.all(readers.slice(start, start + connectAtOnce).map((reader) => reader.connect()))
  }
}

serveScenario<ReadersOrder, object, ReadersEnding, ReadersResult>({
  async begin(order) {
    const readers = Array.from({ length: order.readers }, (_, number) => new Reader(order, number))
    await connectAll(readers)
    return {
      ready: {},
      async end({ lastSeqs }) {
        const until = nowMs() + patienceMs
        const results = () => readers.map(({ log, foreign }) => ({ ...log.toArrivals(), foreign }))
        const isBehind = (reader: Reader, number: number) => reader.lastSeq < lastSeqs[number % lastSeqs.length]!
        while (readers.some(isBehind) && nowMs() < until) await wait(10)
        course.isOver = true
        for (const reader of readers) reader.close()
        return { readers: results(), ...shared }
      },
    }
  },
})
