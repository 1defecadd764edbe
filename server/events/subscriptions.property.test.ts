import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import type { Event, EventType } from '@hilo/contract'
import fc from 'fast-check'
import { type EventReader, openReader } from '../test/event-reader.ts'
import { record } from '../test/query-agent.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

interface Filter {
  types: EventType[] | undefined
  /** 0, 1, 2…; undefined: any. */
  conversation: number | undefined
}

type Step =
  | { do: 'say', conversation: number }
  | { do: 'resolve', conversation: number, isResolved: boolean }
  /** From the beginning, from the middle of what there is, or only what comes. */
  | { do: 'subscribe', filter: Filter, from: 'beginning' | 'middle' | 'now' }
  | { do: 'unsubscribe', which: number }

const conversation = fc.nat(2)
const someTypes: EventType[] = ['message.created', 'conversation.created', 'conversation.status_changed']
const types = fc.subarray(someTypes, { minLength: 1 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('say' as const), conversation }) },
  fc.record({ do: fc.constant('resolve' as const), conversation, isResolved: fc.boolean() }),
  { weight: 2, arbitrary: fc.record({
    do: fc.constant('subscribe' as const),
    filter: fc.record({
      types: fc.option(types, { nil: undefined }), conversation: fc.option(conversation, { nil: undefined }),
    }),
    from: fc.constantFrom('beginning', 'middle', 'now'),
  }) },
  fc.record({ do: fc.constant('unsubscribe' as const), which: fc.nat(9) }),
)

interface Subscription {
  reader: EventReader
  filter: Filter
  after: number
  /** Number of the newest event when it ended; undefined: it goes on. */
  endedAt: number | undefined
}

const idOf = (number: number) => `conversation-${number}`

/** Does the steps one after the other, and knows what every reader must have heard of. */
class Story {
  readonly #t: TestContext
  readonly #hilo: Hilo
  readonly #subscriptions: Subscription[] = []

  constructor(t: TestContext, hilo: Hilo) {
    this.#t = t
    this.#hilo = hilo
  }

  async do(step: Step): Promise<void> {
    switch (step.do) {
      case 'say': return void await record(this.#hilo, { conversationId: idOf(step.conversation) })
      case 'resolve': return this.#resolve(step.conversation, step.isResolved)
      case 'subscribe': return this.#subscribe(step.filter, step.from)
      case 'unsubscribe': return this.#unsubscribe(step.which)
    }
  }

  async readLog(): Promise<Event[]> {
    const { body } = await this.#hilo.request('GET', '/api/events?limit=500')
    return body.items as Event[]
  }

  async #resolve(number: number, isResolved: boolean): Promise<void> {
    const status = isResolved ? 'RESOLVED' : 'UNRESOLVED'
    const answer = await this.#hilo.request('PATCH', `/api/conversations/${idOf(number)}`, { body: { status } })
    assert.equal(answer.status, 200)
  }

  async #subscribe(filter: Filter, from: 'beginning' | 'middle' | 'now'): Promise<void> {
    const lastSeq = (await this.readLog()).length
    const after = from === 'beginning' ? 0 : from === 'middle' ? Math.floor(lastSeq / 2) : lastSeq
    const query = new URLSearchParams({
      ...from !== 'now' && { after: String(after) },
      ...filter.types && { types: filter.types.join(',') },
      ...filter.conversation !== undefined && { conversationId: idOf(filter.conversation) },
    })
    const reader = await openReader(this.#t, this.#hilo, `?${query}`)
    this.#subscriptions.push({ reader, filter, after, endedAt: undefined })
  }

  async #unsubscribe(which: number): Promise<void> {
    const going = this.#subscriptions.filter(({ endedAt }) => endedAt === undefined)
    const one = going[which % going.length]
    if (!one) return
    one.reader.close()
    one.endedAt = (await this.readLog()).length
  }

  /** Whoever still listens hears everything; whoever has left heard the beginning of it. */
  async check(): Promise<void> {
    const log = await this.readLog()
    const { body: list } = await this.#hilo.request('GET', '/api/conversations')
    const conversations = list.items as { id: string, conversationIds: string[] }[]
    const ids = new Map(conversations.map(({ id, conversationIds }) => [conversationIds[0], id]))
    for (const { reader, filter, after, endedAt } of this.#subscriptions) {
      const id = filter.conversation === undefined ? undefined : ids.get(idOf(filter.conversation))
      const expected = log.filter((event) => event.seq > after
        && (filter.types?.includes(event.type) ?? true)
        && (id === undefined || ('conversationId' in event.data && event.data.conversationId === id)))
      if (endedAt === undefined) await reader.until(({ events }) => events.length >= expected.length)
      else assert.ok(reader.events.every(({ seq }) => seq <= endedAt))
      const heard = reader.events.map(({ seq }) => seq)
      const all = expected.map(({ seq }) => seq)
      assert.deepEqual(heard, endedAt === undefined ? all : all.slice(0, heard.length))
      reader.close()
    }
  }
}

for (const database of databases) {
  describe(`subscriptions on ${database}`, skipWithout(database), () => {
    test('whoever comes and goes with whatever filter hears exactly what a reader of the log would', async (t) => {
      await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const story = new Story(t, await startHilo(t, database))
        for (let number = 0; number < 3; number += 1) await story.do({ do: 'say', conversation: number })
        for (const one of steps) await story.do(one)
        await story.check()
      }), { numRuns: 6 })
    })
  })
}
