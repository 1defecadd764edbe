import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { describe, test } from 'node:test'
import { createId } from '../database/create-id.ts'
import { createContact, mergeContacts } from './contacts.ts'
import { assertRefused, record, recordAndExplain } from './query-agent.ts'
import { takeSnapshot } from './rows.ts'
import { databases, type Hilo, skipWithout, startHilo } from './start-hilo.ts'

/** What an organization has: an id of every kind. */
interface Belongings {
  agent: string
  conversation: string
  /** The `conversationId` it was recorded with. */
  named: string
  message: string
  contact: string
  merged: string
  proposal: string
  key: string
  endpoint: string
  approval: string
}

/** A call on something of A's; `mine` is what the caller B has of its own. */
type Call = (theirs: Belongings, mine: Belongings) => [path: string, body?: object]

const said = { query: 'Hola' }
/** `agents/agent/messages`: the second part is the kind of id. */
const on = (place: string, body?: object): Call => (theirs) => {
  const path = place.replace(/(?<=\/)(\w+)(?=\/|$)/, (kind) => theirs[kind as keyof Belongings])
  return [`/api/${path}`, body]
}
const onConversation = (rest = '', body?: object): Call[] => [
  on(`conversations/conversation${rest}`, body), on(`conversations/named${rest}`, body),
]
const onMessage = (body?: object): Call[] => [
  ({ conversation, message }) => [`/api/conversations/${conversation}/messages/${message}`, body],
  ({ named, message }) => [`/api/conversations/${named}/messages/${message}`, body],
  ({ message }, mine) => [`/api/conversations/${mine.conversation}/messages/${message}`, body],
]
const onPair = (verb: string): Call[] => [
  ({ contact, merged }) => [`/api/contacts/${contact}/${verb}`, { contactId: merged }],
  ({ merged }, { contact }) => [`/api/contacts/${contact}/${verb}`, { contactId: merged }],
  ({ contact }, { merged }) => [`/api/contacts/${contact}/${verb}`, { contactId: merged }],
]
const onAgent = (verb: string): Call[] => [
  on(`agents/agent/${verb}`, said),
  ({ contact }, { agent }) => [`/api/agents/${agent}/${verb}`, { ...said, contactId: contact }],
  ({ merged }, { agent }) => [`/api/agents/${agent}/${verb}`, { ...said, contactId: merged }],
]

/** Calls that name something of A's: for B it is not there. */
const notThere: Record<string, Call[]> = {
  'POST /api/agents/{id}/query-agent': onAgent('query-agent'),
  'POST /api/agents/{id}/query': onAgent('query'),
  'POST /api/agents/{id}/resolve': onAgent('resolve'),
  'POST /api/agents/{id}/messages': [on('agents/agent/messages', { messages: [said, said] })],
  'GET /api/agents/{id}': [on('agents/agent')],
  'PATCH /api/agents/{id}': [on('agents/agent', { name: 'Stolen' })],
  'GET /api/events/stream': [
    ({ conversation }) => [`/api/events/stream?conversationId=${conversation}`],
    ({ named }) => [`/api/events/stream?conversationId=${named}`],
  ],
  'POST /api/approvals/{id}/approve': [on('approvals/approval/approve', {})],
  'POST /api/approvals/{id}/reject': [on('approvals/approval/reject', { reason: 'Stolen' })],
  'GET /api/conversations/{id}': onConversation(),
  'PATCH /api/conversations/{id}': onConversation('', { status: 'RESOLVED', isAiEnabled: false }),
  'PATCH /api/conversations/{id}/metadata': onConversation('/metadata', { metadata: { stolen: true } }),
  'POST /api/conversations/{id}/handoff': onConversation('/handoff', { reason: 'Stolen' }),
  'POST /api/conversations/{id}/hand-back': onConversation('/hand-back', { reason: 'Stolen' }),
  'GET /api/conversations/{id}/turns': onConversation('/turns'),
  'GET /api/conversations/{id}/messages': onConversation('/messages'),
  'GET /api/conversations/{id}/messages/{messageId}': onMessage(),
  'PATCH /api/conversations/{id}/messages/{messageId}': onMessage({ metadata: { stolen: true } }),
  'GET /api/contacts/{id}': [on('contacts/contact'), on('contacts/merged')],
  'PATCH /api/contacts/{id}': [on('contacts/contact', { firstName: 'Stolen' })],
  'POST /api/contacts/{id}/merge': onPair('merge'),
  'POST /api/contacts/{id}/unmerge': onPair('unmerge'),
  'DELETE /api/contacts/merge-proposals/{id}': [({ proposal }) => [`/api/contacts/merge-proposals/${proposal}`]],
  'DELETE /api/api-keys/{id}': [on('api-keys/key')],
  'GET /api/webhook-endpoints/{id}': [on('webhook-endpoints/endpoint')],
  'PATCH /api/webhook-endpoints/{id}': [on('webhook-endpoints/endpoint', { isEnabled: true, description: 'Stolen' })],
  'DELETE /api/webhook-endpoints/{id}': [on('webhook-endpoints/endpoint')],
  'POST /api/webhook-endpoints/{id}/rotate-secret': [on('webhook-endpoints/endpoint/rotate-secret', {})],
  'POST /api/webhook-endpoints/{id}/test': [on('webhook-endpoints/endpoint/test')],
  'GET /api/webhook-endpoints/{id}/attempts': [on('webhook-endpoints/endpoint/attempts')],
  'POST /api/webhook-endpoints/{id}/redeliver': [on('webhook-endpoints/endpoint/redeliver', { fromSeq: 1 })],
  'POST /api/tokens': [
    ({ conversation }) => ['/api/tokens', { conversationId: conversation }],
    ({ named }) => ['/api/tokens', { conversationId: named }],
  ],
}

/** Calls that are B's good right: nothing of A's is in the answer. */
const ownOnly: Record<string, Call[]> = {
  'GET /openapi.json': [() => ['/openapi.json']],
  'GET /metrics': [() => ['/metrics']],
  'GET /livez': [() => ['/livez']],
  'GET /readyz': [() => ['/readyz']],
  'GET /api/conversations': [
    () => ['/api/conversations'], ({ agent }) => [`/api/conversations?agentId=${agent}`],
    ({ contact }) => [`/api/conversations?contactId=${contact}`],
  ],
  'GET /api/approvals': [() => ['/api/approvals'], () => ['/api/approvals?status=pending']],
  'GET /api/events': [() => ['/api/events'], () => ['/api/events?after=1&types=message.created']],
  'GET /api/contacts': [
    '', '?search=ana', '?email=ana@example.com', '?userId=u1', '?phoneNumber=%2B34600123456',
  ].map((query): Call => () => [`/api/contacts${query}`]),
  'POST /api/contacts': [() => ['/api/contacts', { email: 'new@example.com' }]],
  'GET /api/contacts/merge-proposals': [() => ['/api/contacts/merge-proposals']],
  'GET /api/agents': [() => ['/api/agents']],
  'POST /api/agents': [() => ['/api/agents', { name: 'Mine' }]],
  'GET /api/organization': [() => ['/api/organization']],
  'PATCH /api/organization': [() => ['/api/organization', { name: 'Mine', defaultCountry: 'ES' }]],
  'GET /api/audit-log': [() => ['/api/audit-log']],
  'GET /api/api-keys': [() => ['/api/api-keys']],
  'GET /api/webhook-endpoints': [() => ['/api/webhook-endpoints']],
  'POST /api/webhook-endpoints': [() => ['/api/webhook-endpoints', { url: 'https://example.com', isEnabled: false }]],
  'POST /api/api-keys': [() => ['/api/api-keys', { name: 'Mine', scopes: ['history:read'] }]],
}

/** @param who stands in every text and name: nobody else's answer may hold it. */
async function settleIn(hilo: Hilo, who: string): Promise<Belongings> {
  const named = `crmchatsappai_1_${randomInt(1e9)}`
  const first = await record(hilo, {
    conversationId: named, query: `text of ${who}`, metadata: { who },
    contact: { userId: 'u1', email: 'ana@example.com', phoneNumber: '+34600123456', firstName: who },
  })
  const { contact } = await recordAndExplain(hilo, { contact: { userId: 'u2', firstName: who } })
  await record(hilo, { contact: { userId: 'u2', email: 'ana@example.com' } })
  const merged = await createContact(hilo, { userId: 'u3', lastName: who })
  await mergeContacts(hilo, contact.id, merged.id)
  const { body: proposals } = await hilo.request('GET', '/api/contacts/merge-proposals')
  const { body: keys } = await hilo.request('GET', '/api/api-keys')
  const { body: endpoint } = await hilo.request('POST', '/api/webhook-endpoints', {
    body: { url: 'https://example.com/hook', description: who, isEnabled: false },
  })
  return {
    agent: hilo.agentId, conversation: first.conversationId, named, message: first.messageId, contact: contact.id,
    merged: merged.id, proposal: proposals.items[0].id, key: keys.items[0].id,
    endpoint: endpoint.id, approval: await askForApproval(hilo, first.conversationId, who),
  }
}

async function askForApproval(hilo: Hilo, conversationId: string, who: string): Promise<string> {
  const id = createId()
  await hilo.asOwner((tx) => tx.insertInto('approvals').values({
    organization_id: hilo.organizationId, id, conversation_id: conversationId, turn_id: createId(),
    agent_id: hilo.agentId, tool: 'refund', payload: JSON.stringify({ who }),
  }).execute())
  return id
}

interface Operation {
  security?: object[]
}

async function readOperations(hilo: Hilo): Promise<Map<string, Operation>> {
  const { body } = await hilo.request('GET', '/openapi.json', { key: null })
  return new Map(Object.entries<Record<string, Operation>>(body.paths).flatMap(([path, item]) => (
    Object.entries(item).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const)
  )))
}

for (const database of databases) {
  describe(`organizations on ${database}`, skipWithout(database), () => {
    test('every route of the API is in this test\'s tables', async (t) => {
      const routes = [...(await readOperations(await startHilo(t, database))).keys()]
      assert.ok(routes.length > 20)
      assert.deepEqual(routes.toSorted(), [...Object.keys(notThere), ...Object.keys(ownOnly)].sort())
      for (const route of routes.filter((one) => one.includes('{'))) assert.ok(route in notThere, `${route} takes an id`)
    })

    test('whatever is another one\'s is a 404 on every route, and nothing of it changes', async (t) => {
      const alice = await startHilo(t, database)
      const bob = await alice.createNeighbour()
      const [theirs, mine] = [await settleIn(alice, 'Alice'), await settleIn(bob, 'Bob')]
      const before = [await takeSnapshot(alice), await takeSnapshot(bob)]
      for (const [route, calls] of Object.entries(notThere)) {
        for (const call of calls) {
          const [path, body] = call(theirs, mine)
          const answer = await bob.request(route.split(' ')[0]!, path, { body })
          assertRefused(answer, { status: 404, code: 'NOT_FOUND' }, `${route}: ${path} ${JSON.stringify(body)}`)
          assert.doesNotMatch(JSON.stringify(answer.body), /Alice/, route)
          const own = await alice.request(route.split(' ')[0]!, path, { body, key: null })
          assert.equal(own.status, 401, `${route} without a key`)
        }
        assert.deepEqual([await takeSnapshot(alice), await takeSnapshot(bob)], before, route)
      }
    })

    test('what a call answers is the organization\'s own, on every other route', async (t) => {
      const alice = await startHilo(t, database)
      const bob = await alice.createNeighbour()
      const [theirs, mine] = [await settleIn(alice, 'Alice'), await settleIn(bob, 'Bob')]
      const before = await takeSnapshot(alice)
      const operations = await readOperations(bob)
      for (const [route, calls] of Object.entries(ownOnly)) {
        const isPublic = operations.get(route)?.security?.length === 0
        for (const call of calls) {
          const [path, body] = call(theirs, mine)
          const { status, body: answer } = await bob.request(route.split(' ')[0]!, path, { body })
          assert.ok(status === 200 || status === 201, `${route} ${path} ${JSON.stringify(answer)}`)
          const text = JSON.stringify(answer)
          for (const id of [...Object.values(theirs), alice.organizationId, 'Alice']) {
            assert.ok(!text.includes(id), `${route} ${path} shows ${id}`)
          }
          const { status: withoutKey } = await bob.request(route.split(' ')[0]!, path, { body, key: null })
          assert.equal(withoutKey, isPublic ? 200 : 401, route)
        }
      }
      assert.deepEqual(await takeSnapshot(alice), before)
    })

    test('in a list of messages, another one\'s contact is not there either, and the rest is recorded', async (t) => {
      const alice = await startHilo(t, database)
      const bob = await alice.createNeighbour()
      const theirs = await settleIn(alice, 'Alice')
      const before = await takeSnapshot(alice)
      const { body } = await bob.request('POST', `/api/agents/${bob.agentId}/messages`, {
        body: {
          messages: [said, { ...said, contactId: theirs.contact }, { ...said, conversationId: theirs.conversation }],
        },
      })
      assert.deepEqual(body.results.map((result: { code?: string }) => result.code), [undefined, 'NOT_FOUND', undefined])
      const { body: own } = await bob.request('GET', `/api/conversations/${theirs.conversation}`)
      assert.equal(own.messages.length, 1)
      assert.deepEqual(await takeSnapshot(alice), before)
    })
  })
}
