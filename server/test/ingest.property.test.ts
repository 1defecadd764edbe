import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { mergeContacts } from './contacts.ts'
import { createModel, describe as describeModel, merge, type Model, type Said, say, type Verdict } from './ingest-model.ts'
import { queryAgent } from './query-agent.ts'
import { readEvents, readMessages, readRows } from './rows.ts'
import { databases, type Hilo, skipWithout, startHilo } from './start-hilo.ts'

const said = fc.record({
  conversationId: fc.constantFrom('c1', 'c2', 'c3'),
  channelExternalId: fc.constantFrom('x1', 'x2'),
  userId: fc.constantFrom('u1', 'u2', 'u3'),
  email: fc.constantFrom('a@example.com', 'b@example.com'),
  firstName: fc.constantFrom('Ana', 'Eva'),
  externalId: fc.nat(30).map((id) => `e${id}`),
}, { requiredKeys: [] })

type WithoutText = Omit<Said, 'query'>

type Step =
  | { how: 'at once' | 'as a list', messages: WithoutText[] }
  | { how: 'merge', winner: number, loser: number }

const messages = fc.array(said, { minLength: 1, maxLength: 6 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ how: fc.constantFrom('at once' as const, 'as a list' as const), messages }) },
  { weight: 1, arbitrary: fc.record({ how: fc.constant('merge' as const), winner: fc.nat(9), loser: fc.nat(9) }) },
)

interface Heard extends Said {
  verdict: Verdict
  messageId?: string
}

function toBody({ userId, email, firstName, channelExternalId, ...rest }: Said): Record<string, unknown> {
  return { ...rest, channel: 'telegram', source: 's', channelExternalId, contact: { userId, email, firstName } }
}

interface Result {
  messageId?: string
  code?: string
  isRepeat?: boolean
}

function hear(one: Said, { messageId, code, isRepeat }: Result): Heard {
  if (messageId === undefined) assert.equal(code, 'CONVERSATION_MISMATCH')
  return { ...one, messageId, verdict: messageId === undefined ? 'mismatch' : isRepeat ? 'repeat' : 'recorded' }
}

async function sayAsList(hilo: Hilo, list: Said[]): Promise<Heard[]> {
  const { body } = await hilo.request('POST', `/api/agents/${hilo.agentId}/messages`, {
    body: { messages: list.map(toBody) },
  })
  return list.map((one, index) => hear(one, body.results[index]))
}

function sayAtOnce(hilo: Hilo, list: Said[]): Promise<Heard[]> {
  return Promise.all(list.map(async (one) => {
    const { body, headers } = await queryAgent(hilo, toBody(one))
    return hear(one, { ...body, isRepeat: headers.get('idempotent-replay') === 'true' })
  }))
}

/** The events tell in which order calls that came at once were recorded. */
async function sortByEvent(hilo: Hilo, heard: Heard[]): Promise<Heard[]> {
  const order = new Map((await readEvents(hilo)).map((event) => [event.message_id, event.seq]))
  const recorded = heard.filter(({ verdict }) => verdict === 'recorded')
  return recorded.sort((a, b) => order.get(a.messageId!)! - order.get(b.messageId!)!)
}

/** What was not recorded came at some moment at which the model, too, would not have recorded it. */
function assertSomewhere(moments: Model[], { verdict, ...one }: Heard): void {
  assert.ok(moments.some((model) => say(structuredClone(model), one) === verdict), `${verdict}: ${JSON.stringify(one)}`)
}

async function follow(hilo: Hilo, model: Model, { how, heard }: { how: Step['how'], heard: Heard[] }): Promise<void> {
  if (how === 'as a list') {
    for (const { verdict, ...one } of heard) assert.equal(say(model, one), verdict, JSON.stringify(one))
    return
  }
  const moments = [structuredClone(model)]
  for (const { verdict, ...one } of await sortByEvent(hilo, heard)) {
    assert.equal(say(model, one), verdict, JSON.stringify(one))
    moments.push(structuredClone(model))
  }
  for (const one of heard) if (one.verdict !== 'recorded') assertSomewhere(moments, one)
}

/** Merges two contacts on both sides, found by an identity of theirs. */
async function mergeTwo(hilo: Hilo, model: Model, { winner, loser }: { winner: number, loser: number }): Promise<void> {
  const { length } = model.contacts
  if (length < 2 || winner % length === loser % length) return
  const pair = [model.contacts[winner % length]!, model.contacts[loser % length]!]
  const rows = await readRows(hilo, 'contact_identities')
  const [winnerId, loserId] = pair.map(({ identities }) => (
    rows.find(({ kind, value }) => identities.has(`${kind} ${value}`))!.contact_id
  ))
  await mergeContacts(hilo, winnerId!, loserId!)
  merge(model, pair[0]!, pair[1]!)
}

/** What is in the database, as a model. */
async function readModel(hilo: Hilo): Promise<Model> {
  const model = createModel()
  const contacts = new Map((await readRows(hilo, 'contacts')).filter((row) => row.merged_into_id === null).map((row) => (
    [row.id, { identities: new Set<string>(), firstName: row.first_name ?? undefined }]
  )))
  for (const { contact_id, kind, value } of await readRows(hilo, 'contact_identities')) {
    contacts.get(contact_id)!.identities.add(`${kind} ${value}`)
  }
  const keys = await readRows(hilo, 'conversation_keys')
  const recorded = await readMessages(hilo)
  model.contacts = [...contacts.values()]
  model.conversations = (await readRows(hilo, 'conversations')).map(({ id, contact_id, last_seq }) => {
    const own = recorded.filter((row) => row.conversation_id === id)
    assert.deepEqual(own.map((row) => row.seq), Array.from({ length: last_seq }, (_, index) => index + 1))
    const names = keys.filter((row) => row.conversation_id === id).map(({ kind, value }) => (
      kind === 'conversation_id' ? `conversationId ${value}` : `channelExternalId ${value.replace('telegram:', '')}`
    ))
    return {
      keys: new Set(names), contact: contact_id === null ? undefined : contacts.get(contact_id)!,
      texts: own.map((row) => row.text),
    }
  })
  return model
}

for (const database of databases) {
  describe(`recording on ${database}`, skipWithout(database), () => {
    test('any interleaving of messages, repeats and merges equals a small model in memory', async (t) => {
      await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 10 }), async (steps) => {
        const hilo = await startHilo(t, database)
        const model = createModel()
        let count = 0
        for (const one of steps) {
          if (one.how === 'merge') await mergeTwo(hilo, model, one)
          else {
            const list = one.messages.map((message) => ({ ...message, query: `t${++count}` }))
            const heard = await (one.how === 'at once' ? sayAtOnce : sayAsList)(hilo, list)
            await follow(hilo, model, { how: one.how, heard })
          }
        }
        assert.deepEqual(describeModel(await readModel(hilo)), describeModel(model))
      }), { numRuns: 25, endOnFailure: true })
    })
  })
}
