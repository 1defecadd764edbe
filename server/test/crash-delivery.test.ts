import assert from 'node:assert/strict'
import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import type { Event } from '@hilo/contract'
import { EventSource } from 'eventsource'
import { Webhook } from 'standardwebhooks'
import { createEmptyPostgres } from './empty-postgres.ts'
import { findFreePort } from './find-free-port.ts'
import { makeFolder, type SpawnedHilo, spawnHilo } from './spawn-hilo.ts'
import { type DatabaseKind, databases, skipWithout } from './test-databases.ts'

/** How many times a process is killed; for a long run: HILO_TEST_KILLS=60. */
const kills = Number(process.env.HILO_TEST_KILLS ?? 5)
const clients = 6
const conversations = 8

const ids = { organizationId: 'crash-organization', agentId: 'crash-agent', key: randomBytes(16).toString('hex') }
const headers = { 'content-type': 'application/json', 'authorization': `Bearer ${ids.key}` }

type MessageCreated = Extract<Event, { type: 'message.created' }>

/** A Hilo that is started again whenever it was killed, at its old address. */
class Immortal {
  readonly url: string
  readonly #start: () => SpawnedHilo
  #hilo: SpawnedHilo
  #ready: Promise<string>

  constructor(start: () => SpawnedHilo, port: number) {
    this.url = `http://127.0.0.1:${port}`
    this.#start = start
    this.#hilo = start()
    this.#ready = this.#hilo.url()
  }

  /** Until it serves. */
  get ready(): Promise<string> {
    return this.#ready
  }

  async kill(): Promise<void> {
    await this.#ready
    this.#hilo.process.kill('SIGKILL')
    await this.#hilo.ended
    this.#hilo = this.#start()
    this.#ready = this.#hilo.url()
    await this.#ready
  }
}

/** A customer's own receiver: checks signatures with the public library, and knows each event once. */
class Receiver {
  /** Each event once, in the order of the first time that it came. */
  readonly received = new Map<string, MessageCreated>()
  readonly faults: string[] = []
  readonly #server: Server
  #secret = ''
  #count = 0

  constructor(t: TestContext) {
    this.#server = createServer((request, response) => {
      void this.#receive(request).then((status) => response.writeHead(status).end())
    }).listen(0, '127.0.0.1')
    t.after(() => this.#server.close().closeAllConnections())
  }

  async start(): Promise<string> {
    if (!this.#server.listening) await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/events`
  }

  expect(secret: string): void {
    this.#secret = secret
  }

  async #receive(request: IncomingMessage): Promise<number> {
    const body = (await request.toArray()).join('')
    this.#count += 1
    if (this.#count % 200 === 7) return 503 // comes again
    const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const
    const signed = Object.fromEntries(names.map((name) => [name, String(request.headers[name])]))
    try {
      const event = new Webhook(this.#secret).verify(body, signed) as MessageCreated
      if (event.id !== signed['webhook-id']) this.faults.push(`${event.id} came as ${signed['webhook-id']}`)
      if (!this.received.has(event.id)) this.received.set(event.id, event)
    } catch (error) {
      this.faults.push(String(error))
    }
    return 204
  }
}

/** What the clients know to be recorded. */
class Ledger {
  readonly messageIds = new Set<string>()
  #sent = 0
  #isOver = false
  #wanted: { count: number, resolve: () => void } | undefined

  stop(): void {
    this.#isOver = true
  }

  /** Resolves when so many more are acknowledged. */
  more(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wanted = { count: this.messageIds.size + count, resolve }
    })
  }

  /** Sends message after message to any of the processes, each until it is acknowledged. */
  async load(hilos: readonly Immortal[]): Promise<void> {
    while (!this.#isOver) {
      const number = this.#sent += 1
      const message = { query: `text ${number}`, externalId: `e${number}`, conversationId: `c${number % conversations}` }
      while (!await this.#send(hilos[randomInt(hilos.length)]!, message));
    }
  }

  async #send(hilo: Immortal, message: object): Promise<boolean> {
    await hilo.ready
    try {
      const answer = await fetch(`${hilo.url}/api/agents/${ids.agentId}/query-agent`, {
        method: 'POST', headers, body: JSON.stringify({ ...message, source: 'crash' }),
      })
      if (answer.status !== 200) return false
      this.messageIds.add((await answer.json() as { messageId: string }).messageId)
      if (this.#wanted && this.messageIds.size >= this.#wanted.count) this.#wanted.resolve()
      return true
    } catch {
      return false // killed in the midst of it: nobody knows whether it was recorded
    }
  }
}

/** Reads the stream with the public client, which resumes by itself. */
function readStream(t: TestContext, { url }: Immortal): Map<string, MessageCreated> {
  const seen = new Map<string, MessageCreated>()
  const stream = new EventSource(`${url}/api/events/stream?after=0&types=message.created`, {
    fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...headers } }),
  })
  t.after(() => stream.close())
  stream.addEventListener('message.created', ({ data, lastEventId }) => {
    const event = JSON.parse(data as string) as MessageCreated
    assert.equal(String(event.seq), lastEventId)
    assert.ok(!seen.has(event.id), `${event.id} came twice`)
    seen.set(event.id, event)
  })
  return seen
}

/** Exactly the acknowledged messages, those of a conversation in their order. */
function assertSame(seen: Map<string, MessageCreated>, { messageIds }: Ledger, what: string): void {
  const events = [...seen.values()]
  assert.deepEqual(events.map(({ data }) => data.messageId).sort(), [...messageIds].sort(), what)
  const last = new Map<string, number>()
  for (const { seq, data } of events) {
    assert.ok(seq > (last.get(data.conversationId) ?? 0), `${what}: event ${seq} came late`)
    last.set(data.conversationId, seq)
  }
}

async function startAll(t: TestContext, database: DatabaseKind): Promise<Immortal[]> {
  const settings: Record<string, string> = {
    HILO_LOG_LEVEL: 'error', HILO_RATE_LIMIT: '0', HILO_ALLOW_PRIVATE_TARGETS: 'true',
    HILO_BOOTSTRAP_ORGANIZATION_ID: ids.organizationId, HILO_BOOTSTRAP_AGENT_ID: ids.agentId,
    HILO_BOOTSTRAP_API_KEY: ids.key, HILO_DATA_DIR: makeFolder(t),
  }
  if (database === 'postgres') {
    const { url, drop } = await createEmptyPostgres()
    t.after(drop)
    settings.HILO_DATABASE_URL = url
  }
  const hilos: Immortal[] = []
  for (let count = database === 'postgres' ? 2 : 1; count > 0; count -= 1) {
    const port = await findFreePort()
    hilos.push(new Immortal(() => spawnHilo(t, { ...settings, HILO_PORT: String(port) }), port))
    await hilos.at(-1)!.ready
  }
  return hilos
}

async function subscribe(receiver: Receiver, { url }: Immortal): Promise<void> {
  const answer = await fetch(`${url}/api/webhook-endpoints`, {
    method: 'POST', headers, body: JSON.stringify({ url: await receiver.start(), eventTypes: ['message.created'] }),
  })
  assert.equal(answer.status, 201)
  receiver.expect((await answer.json() as { secret: string }).secret)
}

/** Until both have heard of everything; the time limit of the test ends a wait for what never comes. */
async function untilComplete(
  t: TestContext, seen: readonly Map<string, unknown>[], { messageIds }: Ledger,
): Promise<void> {
  while (seen.some((one) => one.size < messageIds.size) && !t.signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

for (const database of databases) {
  const limits = { ...skipWithout(database), timeout: kills * 30_000 + 120_000 }
  describe(`killed again and again, on ${database}`, limits, () => {
    test('a webhook receiver and a reader of the stream end with exactly what was acknowledged, in order', async (t) => {
      const hilos = await startAll(t, database)
      const receiver = new Receiver(t)
      await subscribe(receiver, hilos[0]!)
      const streamed = readStream(t, hilos.at(-1)!)
      const ledger = new Ledger()
      const loads = Array.from({ length: clients }, () => ledger.load(hilos))
      for (let kill = 0; kill < kills; kill += 1) {
        await ledger.more(randomInt(1, 150))
        await hilos[randomInt(hilos.length)]!.kill()
      }
      ledger.stop()
      await Promise.all(loads)
      await untilComplete(t, [receiver.received, streamed], ledger)
      assert.deepEqual(receiver.faults, [])
      assertSame(streamed, ledger, 'stream')
      assertSame(receiver.received, ledger, 'webhook')
    })
  })
}
