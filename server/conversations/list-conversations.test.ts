import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { createAgent } from '../agents/create-agent.ts'
import { recordMessages } from '../test/record-messages.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

interface Item {
  id: string
  agentId: string
  channel: string
  status: string
  contact: { id: string } | null
  updatedAt: string
}

type Parameters = Record<string, string | number | undefined>

async function list(hilo: Hilo, parameters: Parameters = {}): Promise<{ items: Item[], nextCursor: string | null }> {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, String(value))
  const { status, body } = await hilo.request('GET', `/api/conversations?${query}`)
  assert.equal(status, 200, JSON.stringify(body))
  return body
}

async function listAll(hilo: Hilo, parameters: Parameters): Promise<Item[]> {
  const items: Item[] = []
  for (let cursor: string | undefined | null; cursor !== null;) {
    const page = await list(hilo, { ...parameters, ...(cursor ? { cursor } : {}) })
    items.push(...page.items)
    cursor = page.nextCursor
  }
  return items
}

const ids = (items: readonly { id: string }[]): string[] => items.map((item) => item.id)
const atRandom = <Value>(values: readonly Value[]) => fc.option(fc.constantFrom(...values), { nil: undefined })

const channels = ['website', 'telegram'] as const
const statuses = ['UNRESOLVED', 'RESOLVED', 'HUMAN_REQUESTED'] as const
const day = '2026-03-01T10:00:00.'

/** One conversation for each of these; many change in the same microsecond, or in the same millisecond. */
async function recordVariety(hilo: Hilo): Promise<(Item & { micros: number })[]> {
  const otherAgent = await hilo.asOwner((tx) => createAgent(tx, { organizationId: hilo.organizationId, name: 'Other' }))
  const recorded = []
  for (const [index, agentId] of [hilo.agentId, otherAgent].entries()) {
    recorded.push(...await recordMessages(hilo, Array.from({ length: 12 }, (_, number) => ({
      query: 'hello', channel: channels[number % 2],
      ...(number % 3 === 0 ? {} : { contact: { userId: `user-${(number + index) % 3}` } }),
    })), agentId))
  }
  for (const [number, { conversationId }] of recorded.entries()) {
    const micros = [0, 0, 1, 2, 1000, 1999][number % 6]
    await hilo.asOwner((tx) => sql`
      update conversations set status = ${statuses[number % 3]},
        updated_at = ${`${day}000000Z`}::timestamptz + ${micros}::integer * interval '1 microsecond'
      where organization_id = ${hilo.organizationId} and id = ${conversationId}
    `.execute(tx))
  }
  return hilo.asOwner(async (tx) => (await sql<Item & { micros: number }>`
    select id, agent_id as "agentId", channel, status, json_build_object('id', contact_id) as contact,
      extract(microseconds from updated_at)::integer as micros
    from conversations where organization_id = ${hilo.organizationId} order by updated_at desc, id desc
  `.execute(tx)).rows)
}

for (const database of databases) {
  describe(`list of conversations on ${database}`, skipWithout(database), () => {
    test('any filters in pages of any size give every conversation that fits, newest first, once', async (t) => {
      const hilo = await startHilo(t, database)
      const all = await recordVariety(hilo)
      const contacts = [...new Set(all.map((one) => one.contact!.id))].filter((id) => id !== null)
      const wanted = fc.record({
        limit: fc.integer({ min: 1, max: 9 }),
        agentId: atRandom([...new Set(all.map((one) => one.agentId)), 'nobody']),
        channel: atRandom([...channels, 'mail']),
        status: atRandom(statuses),
        contactId: atRandom([...contacts, 'nobody']),
        updatedSince: atRandom([`${day}001Z`, `${day}000Z`, `${day.slice(0, -1)}Z`, '2026-03-01T11:00:00Z']),
      })
      await fc.assert(fc.asyncProperty(wanted, async ({ limit, ...filter }) => {
        const expected = all.filter((one) => (
          (filter.agentId === undefined || one.agentId === filter.agentId)
          && (filter.channel === undefined || one.channel === filter.channel)
          && (filter.status === undefined || one.status === filter.status)
          && (filter.contactId === undefined || one.contact!.id === filter.contactId)
          && (filter.updatedSince === undefined || since(filter.updatedSince) <= one.micros)
        ))
        assert.deepEqual(ids(await listAll(hilo, { ...filter, limit })), ids(expected))
      }), { numRuns: database === 'pglite' ? 15 : 60 })
    })

    test('one that changes while somebody reads on comes to the beginning and shifts no other', async (t) => {
      const hilo = await startHilo(t, database)
      const recorded = await recordMessages(hilo, Array.from({ length: 6 }, () => ({ query: 'hello' })))
      const first = await list(hilo, { limit: 2 })
      const seen = ids(first.items)
      const [moved, ...others] = recorded.map((one) => one.conversationId).filter((id) => !seen.includes(id))
      await recordMessages(hilo, [{ query: 'again', conversationId: moved }, { query: 'new' }])
      const rest = await listAll(hilo, { limit: 2, cursor: first.nextCursor! })
      assert.deepEqual(ids(rest).sort(), others.sort())
      assert.ok(ids((await list(hilo)).items).slice(0, 2).includes(moved!))
    })

    test('updatedSince takes ISO 8601, also with a bare plus sign, and Unix seconds and milliseconds', async (t) => {
      const hilo = await startHilo(t, database)
      const all = await recordVariety(hilo)
      const same = [`${day}0Z`, '2026-03-01T13:00:00+03:00', '2026-03-01T07:00:00-0300', 1772359200, 1772359200000]
      for (const updatedSince of same) assert.equal((await list(hilo, { updatedSince })).items.length, all.length)
      const bare = await hilo.request('GET', '/api/conversations?updatedSince=2026-03-01T13:00:00+03:00')
      assert.equal(bare.body.items.length, all.length)
      assert.equal((await list(hilo, { updatedSince: 1772359201 })).items.length, 0)
      for (const text of ['yesterday', '2026-03-01', '1e400', '-1', '99999999999999999']) {
        const { status, body } = await hilo.request('GET', `/api/conversations?updatedSince=${text}`)
        assert.deepEqual([status, body.code, body.field], [400, 'INVALID_REQUEST', 'updatedSince'], text)
      }
    })

    test('empty ids, times and cursors count as absent; wrong values are refused', async (t) => {
      const hilo = await startHilo(t, database)
      await recordMessages(hilo, [{ query: 'hello' }])
      assert.equal((await list(hilo, { agentId: '', contactId: '', updatedSince: '', cursor: '' })).items.length, 1)
      const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
      const time = '2026-03-01T10:00:00.000000Z'
      const wrong = [
        'limit=0', 'limit=101', 'limit=1.5', 'limit=x', 'status=DONE', 'channel=fax',
        'status=RESOLVED&status=UNRESOLVED',
        'agentId=%00', `contactId=${'x'.repeat(300)}`, 'cursor=x', `cursor=${encode([time, 1])}`,
        `cursor=${encode(['2026-02-30T00:00:00.000000Z', 'x'])}`, `cursor=${encode([time, 'x\0'])}`,
      ]
      for (const query of wrong) {
        const { status, body } = await hilo.request('GET', `/api/conversations?${query}`)
        assert.deepEqual([status, body.code], [400, 'INVALID_REQUEST'], `${query} ${JSON.stringify(body)}`)
        if (query.startsWith('cursor')) assert.equal(body.field, 'cursor')
      }
    })

    test('the contact of a merge stands for the merged one, in the filter and in the answer', async (t) => {
      const hilo = await startHilo(t, database)
      const [a, b, c] = await recordMessages(hilo, ['a', 'b', 'c'].map((userId) => (
        { query: 'hello', conversationId: `of-${userId}`, contact: { userId, firstName: userId } }
      )))
      const contactOf = async (id: string) => (await hilo.request('GET', `/api/conversations/${id}`)).body.contact.id
      const [first, second, third] = [await contactOf('of-a'), await contactOf('of-b'), await contactOf('of-c')]
      for (const [winner, contactId] of [[second, first], [third, second]]) {
        const { status, body } = await hilo.request('POST', `/api/contacts/${winner}/merge`, { body: { contactId } })
        assert.equal(status, 200, JSON.stringify(body))
      }
      const expected = [a, b, c].map((one) => one!.conversationId).sort()
      for (const contactId of [first, second, third]) {
        const { items } = await list(hilo, { contactId })
        assert.deepEqual(ids(items).sort(), expected)
        for (const item of items) assert.deepEqual(item.contact, { id: third, firstName: 'c', lastName: null })
      }
    })

    test('an item shows contact, keys, the newest published message in short, and how many there are', async (t) => {
      const hilo = await startHilo(t, database)
      const [, , last] = await recordMessages(hilo, [
        {
          query: 'hello', from: 'contact', channel: 'whatsapp', visitorId: '+54 9 11 5555-0000',
          conversationId: 'crm-1', channelExternalId: `${hilo.organizationId}_${hilo.agentId}_541155550000`,
          contact: { firstName: 'Luz' },
        },
        { query: 'not yet', conversationId: 'crm-1', isDraft: true },
        { query: '👋'.repeat(201), conversationId: 'crm-1' },
      ])
      const { body } = await hilo.request('GET', '/api/conversations')
      const { contact, createdAt, updatedAt, lastMessage: { occurredAt, ...short }, ...rest } = body.items[0]
      assert.deepEqual(rest, {
        id: last!.conversationId, agentId: hilo.agentId, channel: 'whatsapp', status: 'UNRESOLVED',
        visitorId: '+54 9 11 5555-0000', isAiEnabled: true, aiOff: null, conversationIds: ['crm-1'],
        keys: [{ kind: 'whatsapp', value: `${hilo.agentId}_+5491155550000` }], messageCount: 3, metadata: {},
      })
      assert.deepEqual({ ...contact, id: '' }, { id: '', firstName: 'Luz', lastName: null })
      assert.deepEqual(short, { id: last!.messageId, seq: 3, from: 'agent', text: '👋'.repeat(200) })
      for (const time of [createdAt, updatedAt, occurredAt]) assert.match(time, /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/)
    })

    test('another organization sees nothing of it', async (t) => {
      const hilo = await startHilo(t, database)
      const [one] = await recordMessages(hilo, [{ query: 'hello', contact: { userId: 'u' } }])
      const { contact } = (await hilo.request('GET', `/api/conversations/${one!.conversationId}`)).body
      const neighbour = await hilo.createNeighbour()
      for (const filter of [{}, { agentId: hilo.agentId }, { contactId: contact.id }]) {
        assert.deepEqual(await list(neighbour, filter), { items: [], nextCursor: null })
      }
    })
  })
}

/** Microseconds after 10:00:00. */
function since(updatedSince: string): number {
  return (Date.parse(updatedSince) - Date.parse(`${day}0Z`)) * 1000
}
