// Alone: it takes minutes, and is to begin first.
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { describe, test, type TestContext } from 'node:test'
import type { Event } from '@hilo/contract'
import { headers, ids, makeSettings, record } from './crash-settings.ts'
import { openReader } from './event-reader.ts'
import { findFreePort } from './find-free-port.ts'
import { type SpawnedHilo, spawnHilo } from './spawn-hilo.ts'
import { type DatabaseKind, databases, skipWithout } from './test-databases.ts'
import { type Received, type Receiver, startReceiver, verify } from './webhook-receiver.ts'

/** How many times a process is killed; for a long run: HILO_TEST_KILLS=60 HILO_TEST_TIMEOUT_SECONDS=1800. */
const kills = Number(process.env.HILO_TEST_KILLS ?? 5)
const clients = 6
const conversations = 8

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

interface Subscribed extends Receiver {
  /** What was wrong with what came. */
  faults: string[]
  /** What it has, having taken each event once, by its id. */
  takeOnce(): Event[]
}

/**
 * A customer's own receiver: checks signatures with the public library, and lets some events come again, none twice:
 * the third attempt comes after five minutes only.
 */
async function subscribe(t: TestContext, { url }: Immortal): Promise<Subscribed> {
  const faults: string[] = []
  const refused = new Map<string, Received>()
  let secret = ''
  const receiver = await startReceiver(t, (one, index) => {
    try {
      verify(secret, one)
      if (one.event.id !== one.headers['webhook-id']) faults.push(`${one.event.id} came as ${one.headers['webhook-id']}`)
    } catch (error) {
      faults.push(String(error))
    }
    if (index % 200 !== 6 || refused.has(one.event.id)) return { status: 204 }
    refused.set(one.event.id, one)
    return { status: 503 }
  })
  const answer = await fetch(`${url}/api/webhook-endpoints`, {
    method: 'POST', headers, body: JSON.stringify({ url: receiver.url, eventTypes: ['message.created'] }),
  })
  assert.equal(answer.status, 201)
  secret = (await answer.json() as { secret: string }).secret
  const takeOnce = () => {
    const taken = receiver.received.filter((one) => refused.get(one.event.id) !== one)
    return [...new Map(taken.map(({ event }) => [event.id, event])).values()]
  }
  return { ...receiver, faults, takeOnce }
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
      const answer = await record(hilo.url, message)
      if (answer.status !== 200) return false
      this.messageIds.add((await answer.json() as { messageId: string }).messageId)
      if (this.#wanted && this.messageIds.size >= this.#wanted.count) this.#wanted.resolve()
      return true
    } catch {
      return false // killed in the midst of it: nobody knows whether it was recorded
    }
  }
}

/** Exactly the acknowledged messages, those of a conversation in their order. */
function assertSame(events: readonly Event[], { messageIds }: Ledger, what: string): void {
  const created = events as MessageCreated[]
  assert.deepEqual(created.map(({ data }) => data.messageId).sort(), [...messageIds].sort(), what)
  const last = new Map<string, number>()
  for (const { seq, data } of created) {
    assert.ok(seq > (last.get(data.conversationId) ?? 0), `${what}: event ${seq} came late`)
    last.set(data.conversationId, seq)
  }
}

async function startAll(t: TestContext, database: DatabaseKind): Promise<Immortal[]> {
  const settings = await makeSettings(t, database)
  const hilos: Immortal[] = []
  for (let count = database === 'postgres' ? 2 : 1; count > 0; count -= 1) {
    const port = await findFreePort()
    hilos.push(new Immortal(() => spawnHilo(t, { ...settings, HILO_PORT: String(port) }), port))
    await hilos.at(-1)!.ready
  }
  return hilos
}

for (const database of databases) {
  const limits = { ...skipWithout(database), timeout: kills * 30_000 + 120_000 }
  describe(`killed again and again, on ${database}`, limits, () => {
    test('a webhook receiver and a reader of the stream end with exactly what was acknowledged, in order', async (t) => {
      const hilos = await startAll(t, database)
      const receiver = await subscribe(t, hilos[0]!)
      const reader = await openReader(
        t, { url: hilos.at(-1)!.url, key: ids.key }, '?after=0&types=message.created',
      )
      const ledger = new Ledger()
      const loads = Array.from({ length: clients }, () => ledger.load(hilos))
      for (let kill = 0; kill < kills; kill += 1) {
        await ledger.more(randomInt(1, 150))
        await hilos[randomInt(hilos.length)]!.kill()
      }
      ledger.stop()
      await Promise.all(loads)
      // The time limit of the test ends a wait for what never comes.
      await reader.until(({ events }) => events.length >= ledger.messageIds.size)
      await receiver.until(() => receiver.takeOnce().length >= ledger.messageIds.size)
      assert.deepEqual(receiver.faults, [])
      assertSame(reader.events, ledger, 'stream')
      assertSame(receiver.takeOnce(), ledger, 'webhook')
    })
  })
}
