import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { setImmediate as nextTick } from 'node:timers/promises'
import fc from 'fast-check'
import { createId } from '../database/create-id.ts'
import { ask, startAnswering } from '../test/answers.ts'
import { record } from '../test/query-agent.ts'
import { recordMessages } from '../test/record-messages.ts'
import { type OpenPieces, openPieces } from '../test/scripted-model.ts'
import { databases, type Hilo, skipWithout } from '../test/start-hilo.ts'
import type { DatabaseKind } from '../test/test-databases.ts'
import { until } from '../test/webhooks.ts'

/** What somebody does, or the model: `release` lets go the answer that it holds back. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: 'ask' } as const) },
  { weight: 2, arbitrary: fc.constant({ kind: 'customer' } as const) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('human' as const), isHistory: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'colleague' } as const) },
  { weight: 2, arbitrary: fc.constantFrom({ kind: 'handoff' } as const, { kind: 'hand-back' } as const) },
  { weight: 4, arbitrary: fc.constant({ kind: 'release' } as const) },
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

interface Talk {
  hilo: Hilo
  conversationId: string
  /** Answers that the model holds back. */
  held: OpenPieces[]
  asked: Promise<{ answer: string, request_human: boolean, messageId: string }>[]
}

async function take({ hilo, conversationId, held, asked }: Talk, one: Step): Promise<void> {
  switch (one.kind) {
    case 'ask': {
      const count = asked.push(ask(hilo, { query: 'q', conversationId, externalId: `${conversationId} ${asked.length}` }))
      await until(() => countOf(hilo, conversationId, 'q'), (found) => found === count)
      return
    }
    case 'customer': return void await recordMessages(hilo, [{ from: 'contact', query: 'x', conversationId }])
    case 'human': {
      const occurredAt = one.isHistory ? Date.now() - 48 * 3_600_000 : undefined
      return void await record(hilo, { query: 'h', conversationId, occurredAt, author: { kind: 'human' } })
    }
    case 'colleague': return void await record(hilo, { query: 'a', conversationId })
    case 'release': return held.shift()?.end()
    default: // where there is no conversation yet, there is nothing to hand over
      await hilo.request('POST', `/api/conversations/${conversationId}/${one.kind}`)
  }
}

function countOf(hilo: Hilo, conversationId: string, text: string): Promise<number> {
  return hilo.asOwner(async (tx) => (await tx.selectFrom('messages').select('id')
    .where('organization_id', '=', hilo.organizationId).where('conversation_id', '=', conversationId)
    .where('text', '=', text).execute()).length)
}

/** Lets every answer go, also those that the model begins now, until all who asked are answered. */
async function settle({ asked, held }: Talk): Promise<Awaited<Talk['asked'][number]>[]> {
  const all = Promise.all(asked)
  const isOver = () => Promise.race([all.then(() => true), nextTick(false)])
  while (!await isOver()) held.shift()?.end()
  return all
}

/** The promise, in terms of what is in the database afterwards. */
async function check({ hilo, conversationId }: Talk, answers: Awaited<ReturnType<typeof settle>>): Promise<void> {
  const { messages, turns, questions, events } = await hilo.asOwner(async (tx) => {
    const where = { organization_id: hilo.organizationId, conversation_id: conversationId }
    return {
      messages: await tx.selectFrom('messages').selectAll().where((eb) => eb.and(where)).orderBy('seq').execute(),
      turns: await tx.selectFrom('turns').selectAll().where((eb) => eb.and(where)).execute(),
      questions: await tx.selectFrom('questions').selectAll().where((eb) => eb.and(where)).execute(),
      events: await tx.selectFrom('events').selectAll().where((eb) => eb.and(where)).orderBy('seq').execute(),
    }
  })
  const ages = new Map(messages.map((row) => [row.id, row.received_at.getTime() - row.occurred_at.getTime()]))
  const byId = new Map(messages.map((row) => [row.id, row]))
  for (const question of questions) assert.notEqual(question.settled_at, null, 'every question is settled')
  for (const turn of turns) assert.notEqual(turn.outcome, null, 'every turn ends')
  for (const turn of turns.filter(({ outcome }) => outcome === 'answered')) {
    const { seq } = byId.get(turn.answer_ids[0]!)!
    const missed = messages.filter((row) => (
      row.seq > turn.seen_seq && row.seq < seq && ages.get(row.id)! < 24 * 3_600_000
      && (row.author_kind === 'contact' || row.author_kind === 'human')
    ))
    assert.deepEqual(missed.map((row) => row.text), [], 'an answer comes after nothing that its prompt lacked')
  }
  let isOn = true
  for (const { type, message_id } of events) {
    if (type === 'conversation.handed_off') isOn = false
    if (type === 'conversation.handed_back') isOn = true
    const isAnswer = type === 'message.created' && byId.get(message_id!)!.author_kind === 'ai'
    assert.ok(isOn || !isAnswer, 'the AI says nothing while it is off')
  }
  const byAi = messages.filter((row) => row.author_kind === 'ai').map((row) => row.id)
  for (const { answer, messageId } of answers) {
    assert.equal(byAi.includes(messageId), answer !== '', 'who is answered, is answered what is in the conversation')
  }
}

async function startTalking(t: TestContext, database: DatabaseKind): Promise<Omit<Talk, 'conversationId' | 'asked'>> {
  const held: OpenPieces[] = []
  const { hilo } = await startAnswering(t, database, {
    script: () => {
      const slow = openPieces()
      slow.say('Hi.')
      held.push(slow)
      return slow
    },
  })
  return { hilo, held }
}

for (const database of databases) {
  describe(`any order of events on ${database}`, skipWithout(database), () => {
    test('the AI answers nothing out of date, nothing while it is off, and whoever asks hears of it', async (t) => {
      const { hilo, held } = await startTalking(t, database)
      await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 14 }), async (steps) => {
        const talk: Talk = { hilo, held, conversationId: createId(), asked: [] }
        for (const one of steps) await take(talk, one)
        await check(talk, await settle(talk))
        held.length = 0
      }), { numRuns: 12, endOnFailure: true })
    })
  })
}
