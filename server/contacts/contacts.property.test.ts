import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ContactModel, keyFields, type Keys } from '../test/contact-model.ts'
import { askMerge, askUnmerge } from '../test/contacts.ts'
import { queryAgent } from '../test/query-agent.ts'
import { readRows } from '../test/rows.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

const values = {
  userId: ['u1', 'u2', 'u3'],
  email: ['a@x.com', 'b@x.com', 'c@x.com'],
  phoneNumber: ['+5491155550001', '+5491155550002', '+5491155550003'],
} as const
/** Absent half of the time. */
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 2 })
const keys: fc.Arbitrary<Keys> = fc.record({
  userId: maybe(fc.constantFrom(...values.userId)), email: maybe(fc.constantFrom(...values.email)),
  phoneNumber: maybe(fc.constantFrom(...values.phoneNumber)),
})
const firstName = maybe(fc.constantFrom('Ana', 'Luz'))
const metadata = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom(1, 2), { noNullPrototype: true, maxKeys: 2 })
/** Which of the contacts there are, counted modulo. */
const contact = fc.nat(6)

const say = fc.record({
  type: fc.constant('say' as const), conversation: maybe(fc.constantFrom('k1', 'k2', 'k3')), keys, firstName,
  contact: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: contact }),
})
const create = fc.record({ type: fc.constant('create' as const), keys, firstName, metadata })
const change = fc.constantFrom(...keyFields).chain((field) => fc.record({
  type: fc.constant('change' as const), contact, field: fc.constant(field),
  value: fc.option(fc.constantFrom<string>(...values[field]), { nil: null, freq: 3 }),
}))
/** Mostly of contacts with which it can be done: any two of them rarely are such. */
const pair = { contact, other: contact, isAny: fc.nat(5).map((value) => value === 0) }
const merge = fc.record({ type: fc.constant('merge' as const), ...pair })
const unmerge = fc.record({ type: fc.constant('unmerge' as const), ...pair })
const step = fc.oneof(
  { weight: 4, arbitrary: say }, { weight: 2, arbitrary: create }, { weight: 1, arbitrary: change },
  { weight: 3, arbitrary: merge }, { weight: 3, arbitrary: unmerge },
)
type Step = (typeof step) extends fc.Arbitrary<infer Value> ? Value : never
type Of<Type extends Step['type']> = Extract<Step, { type: Type }>

interface World {
  hilo: Hilo
  model: ContactModel
  /** Ids of the conversations, by the caller's own id. */
  conversations: Map<string, string>
}

const pick = ({ model }: World, index: number) => model.contacts[index % model.contacts.length]!

/** The contacts of a merge to be done or undone. */
function pickPair(world: World, { type, contact, other, isAny }: Of<'merge' | 'unmerge'>) {
  const live = world.model.contacts.filter(({ mergedInto }) => !mergedInto)
  const merged = world.model.contacts.filter(({ mergedInto }) => mergedInto)
  if (isAny || (type === 'merge' ? live.length < 2 : merged.length === 0)) {
    return { target: pick(world, contact), other: pick(world, other) }
  }
  if (type === 'unmerge') {
    const restored = merged[other % merged.length]!
    return { target: restored.mergedInto!, other: restored }
  }
  const [target] = live.splice(contact % live.length, 1)
  return { target: target!, other: live[other % live.length]! }
}

async function runSay(world: World, { keys, firstName, conversation, contact }: Of<'say'>): Promise<void> {
  const { hilo, model, conversations } = world
  const named = contact === undefined || model.contacts.length === 0 ? undefined : pick(world, contact)
  const { status, body } = await queryAgent(hilo, {
    conversationId: conversation, contactId: named?.id, contact: { ...keys, firstName },
  }, { query: '?explain=true' })
  assert.equal(status, 200, JSON.stringify(body))
  const known = model.find(keys, conversation && conversations.get(conversation), named)
  const hasKeys = Object.values(keys).some((value) => value !== undefined)
  const found = known ?? (hasKeys ? model.create({}, {}) : undefined)
  if (conversation) conversations.set(conversation, body.conversationId)
  assert.equal(body.resolution.contact.created, found !== undefined && !known)
  if (!found) return
  found.id ||= body.resolution.contact.id
  assert.equal(body.resolution.contact.id, found.id)
  model.say(found, { keys, firstName, conversation: body.conversationId })
}

async function runCreate({ hilo, model }: World, { keys, firstName, metadata }: Of<'create'>): Promise<void> {
  const { status, body } = await hilo.request('POST', '/api/contacts', { body: { ...keys, firstName, metadata } })
  if (status === 400) {
    assert.ok(![...Object.values(keys), firstName].some((value) => value !== undefined), JSON.stringify(body))
    return
  }
  const created = model.create(keys, { firstName, metadata })
  assert.equal(status, created ? 201 : 409, JSON.stringify(body))
  if (created) created.id = body.id
}

async function run(world: World, one: Step): Promise<void> {
  const { hilo, model } = world
  if (one.type === 'say') return runSay(world, one)
  if (one.type === 'create') return runCreate(world, one)
  if (model.contacts.length === 0) return
  if (one.type === 'change') {
    const target = pick(world, one.contact)
    const { status } = await hilo.request('PATCH', `/api/contacts/${target.id}`, { body: { [one.field]: one.value } })
    return assert.equal(status, model.change(target, one.field, one.value) ? 200 : 409)
  }
  const { target, other } = pickPair(world, one)
  const { status } = await (one.type === 'merge' ? askMerge : askUnmerge)(hilo, target.id, other.id)
  assert.equal(status, model[one.type](target, other) ? 200 : 409)
}

const kinds = { userId: 'user_id', email: 'email', phoneNumber: 'phone' }

/** What the database has must be what the model has; identities of a kind in their order. */
async function assertSame({ hilo, model }: World): Promise<void> {
  const [contacts, identities, conversations] = [
    await readRows(hilo, 'contacts'), await readRows(hilo, 'contact_identities'), await readRows(hilo, 'conversations'),
  ]
  const inOrder = identities.toSorted((a, b) => a.created_at.getTime() - b.created_at.getTime())
  const actual = contacts.map((row) => ({
    id: row.id,
    firstName: row.first_name,
    metadata: row.metadata,
    mergedInto: row.merged_into_id,
    identities: keyFields.flatMap((field) => inOrder
      .filter(({ contact_id, kind }) => contact_id === row.id && kind === kinds[field]).map(({ value }) => value)),
    conversations: conversations.filter(({ contact_id }) => contact_id === row.id).map(({ id }) => id).sort(),
  }))
  const expected = model.contacts.map((one) => ({
    ...one,
    mergedInto: one.mergedInto?.id ?? null,
    identities: keyFields.flatMap((field) => (
      one.identities.filter((had) => had.field === field).map(({ value }) => value)
    )),
    conversations: [...one.conversations].sort(),
  }))
  const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
  assert.deepEqual(actual.sort(byId), expected.sort(byId))
}

for (const database of databases) describe(database, skipWithout(database), () => {
  test('any order of messages, creations, changes, merges and undone merges ends as the model says', async (t) => {
    const hilo = await startHilo(t, database)
    const first = fc.array(create, { minLength: 2, maxLength: 4 })
    const then = fc.array(step, { minLength: 10, maxLength: 25, size: 'max' })
    await fc.assert(fc.asyncProperty(first, then, async (creations, steps) => {
      const world: World = { hilo: await hilo.createNeighbour(), model: new ContactModel(), conversations: new Map() }
      for (const one of [...creations, ...steps]) {
        await run(world, one)
        await assertSame(world)
      }
    }), { numRuns: 20, interruptAfterTimeLimit: 120_000 })
  })
})
