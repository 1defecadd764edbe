import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { recordMessages } from '../test/record-messages.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

/** Times that are often equal, or differ by less than a millisecond. */
interface Said {
  second: number
  micros: number
  isDraft: boolean
}

interface Kept extends Said {
  id: string
  seq: number
}

type Order = 'desc' | 'asc'

/** The embedded database takes its time, and runs the same statements. */
const runs = { pglite: 8, postgres: 25 }

const start = Date.parse('2026-03-01T10:00:00Z')
const said: fc.Arbitrary<Said> = fc.record({
  second: fc.nat(4), micros: fc.constantFrom(0, 1, 999), isDraft: fc.boolean(),
})

/** Records them, and gives them the microseconds that no client sends. */
async function record(hilo: Hilo, conversationId: string, batch: Said[]): Promise<Kept[]> {
  if (batch.length === 0) return []
  const recorded = await recordMessages(hilo, batch.map(({ second, isDraft }) => ({
    query: 'hello', conversationId, isDraft, occurredAt: new Date(start + second * 1000).toISOString(),
  })))
  const micros = recorded.map(({ messageId }, index) => ({ id: messageId, micros: batch[index]!.micros }))
  const { rows } = await hilo.asOwner((tx) => sql<{ id: string, seq: number }>`
    update messages m set occurred_at = m.occurred_at + w.micros * interval '1 microsecond'
    from json_to_recordset(${JSON.stringify(micros)}::json) as w(id text, micros integer)
    where m.organization_id = ${hilo.organizationId} and m.id = w.id returning m.id, m.seq
  `.execute(tx))
  const seqs = new Map(rows.map(({ id, seq }) => [id, seq]))
  return recorded.map(({ messageId }, index) => ({ ...batch[index]!, id: messageId, seq: seqs.get(messageId)! }))
}

function compare(a: Kept, b: Kept): number {
  return a.second - b.second || a.micros - b.micros || a.seq - b.seq
}

/** The ids as the API should list them. */
function list(messages: Kept[], order: Order): string[] {
  const ids = messages.toSorted(compare).map((message) => message.id)
  return order === 'asc' ? ids : ids.reverse()
}

interface Page {
  ids: string[]
  nextCursor: string | null
  previousCursor: string | null
}

type Parameters = Record<string, string | number | boolean | null | undefined>

async function readPage(hilo: Hilo, conversationId: string, parameters: Parameters): Promise<Page> {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, String(value ?? ''))
  const { status, body } = await hilo.request('GET', `/api/conversations/${conversationId}/messages?${query}`)
  assert.equal(status, 200, JSON.stringify(body))
  return { ...body, ids: body.items.map((item: { id: string }) => item.id) }
}

const request = fc.record({
  order: fc.constantFrom<Order>('asc', 'desc'), limit: fc.integer({ min: 1, max: 8 }), includeDrafts: fc.boolean(),
})

for (const database of databases) {
  describe(`messages of a conversation on ${database}`, skipWithout(database), () => {
    test('pages of any size, forth and back, are the whole history in order, without loss or repetition', async (t) => {
      const hilo = await startHilo(t, database)
      let run = 0
      const batches = fc.array(said, { minLength: 1, maxLength: 20 })
      await fc.assert(fc.asyncProperty(batches, request, async (batch, wanted) => {
        const id = `forth-${run += 1}`
        const all = await record(hilo, id, batch)
        const expected = list(all.filter((one) => wanted.includeDrafts || !one.isDraft), wanted.order)
        const pages = [await readPage(hilo, id, wanted)]
        for (let cursor = pages[0]!.nextCursor; cursor; cursor = pages.at(-1)!.nextCursor) {
          pages.push(await readPage(hilo, id, { ...wanted, cursor }))
          assert.ok(pages.length <= all.length, 'it never ends')
        }
        assert.deepEqual(pages.flatMap((page) => page.ids), expected)
        assert.ok(pages.slice(0, -1).every((page) => page.ids.length === wanted.limit))
        const back = [pages.at(-1)!]
        while (back[0]!.ids.length > 0) {
          back.unshift(await readPage(hilo, id, { ...wanted, cursor: back[0]!.previousCursor }))
          assert.ok(back.length <= all.length + 1, 'it never ends')
          if (back[0]!.previousCursor === null) break
        }
        assert.deepEqual(back.flatMap((page) => page.ids), expected)
      }), { numRuns: runs[database] })
    })

    test('messages that arrive while somebody reads page after page cost and repeat none of the others', async (t) => {
      const hilo = await startHilo(t, database)
      let run = 0
      const batches = fc.array(fc.array(said, { maxLength: 4 }), { minLength: 1, maxLength: 5 })
      const orders = fc.constantFrom<Order>('asc', 'desc')
      await fc.assert(fc.asyncProperty(batches, orders, async ([first, ...later], order) => {
        const id = `arriving-${run += 1}`
        const known = await record(hilo, id, [{ second: 2, micros: 0, isDraft: false }, ...first!])
        const byId = new Map(known.map((message) => [message.id, message]))
        const due = new Set(byId.keys())
        const read: string[] = []
        for (let cursor: string | null | undefined; cursor !== null;) {
          const page = await readPage(hilo, id, { order, limit: 2, cursor })
          read.push(...page.ids)
          assert.ok(read.length <= byId.size, 'something was repeated')
          cursor = page.nextCursor
          const place = byId.get(read.at(-1)!)!
          for (const message of await record(hilo, id, cursor === null ? [] : later.shift() ?? [])) {
            byId.set(message.id, message)
            if (compare(message, place) > 0 === (order === 'asc')) due.add(message.id)
          }
        }
        assert.deepEqual(read, list([...due].map((one) => byId.get(one)!), order))
      }), { numRuns: runs[database] })
    })

    test('the newest come first, what was backdated stands in its place, and each reads whole', async (t) => {
      const hilo = await startHilo(t, database)
      const [, , late] = await recordMessages(hilo, [
        {
          query: 'first', conversationId: 'chat-1', occurredAt: '2026-03-01T10:00:00Z', from: 'contact',
          contact: { email: 'Luz@example.org' },
        },
        { query: 'third', conversationId: 'chat-1', occurredAt: '2026-03-01T12:00:00Z' },
        {
          query: 'second', conversationId: 'chat-1', occurredAt: '2026-03-01T11:00:00.250Z', channel: 'whatsapp',
          visitorId: '5491155550000', author: { kind: 'human', name: 'Ana', id: 7 }, externalId: 'wamid.1',
          source: 'chatwoot', metadata: { a: { b: [1] } },
          attachments: [{ url: 'https://example.org/a.jpg', name: 'a.jpg', mimeType: 'image/jpeg', size: 12 }],
        },
      ])
      const { body } = await hilo.request('GET', '/api/conversations/chat-1/messages')
      assert.deepEqual(body.items.map((item: { text: string }) => item.text), ['third', 'second', 'first'])
      assert.equal(body.nextCursor, null)
      const { receivedAt, recordedAt, ...second } = body.items[1]
      assert.deepEqual(second, {
        id: late!.messageId, conversationId: late!.conversationId, seq: 3, from: 'agent',
        author: { kind: 'human', name: 'Ana', id: '7' }, text: 'second',
        attachments: [{ url: 'https://example.org/a.jpg', name: 'a.jpg', mimeType: 'image/jpeg', size: 12 }],
        channel: 'whatsapp', source: 'chatwoot', externalId: 'wamid.1', isDraft: false, status: 'recorded',
        occurredAt: '2026-03-01T11:00:00.250Z', metadata: { a: { b: [1] } },
      })
      for (const time of [receivedAt, recordedAt]) assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      const first = body.items[2]
      assert.deepEqual([first.from, first.author.kind, first.status], ['contact', 'contact', 'received'])
      const one = await hilo.request('GET', `/api/conversations/chat-1/messages/${late!.messageId}`)
      assert.deepEqual([one.status, one.body], [200, body.items[1]])
    })

    test('previousCursor of the newest page asks again and again for what has come since', async (t) => {
      const hilo = await startHilo(t, database)
      await recordMessages(hilo, [{ query: '1', conversationId: 'poll' }, { query: '2', conversationId: 'poll' }])
      const newest = await readPage(hilo, 'poll', {})
      const nothing = await readPage(hilo, 'poll', { cursor: newest.previousCursor })
      assert.deepEqual(nothing, { items: [], ids: [], nextCursor: null, previousCursor: newest.previousCursor })
      const [three] = await recordMessages(hilo, [{ query: '3', conversationId: 'poll' }])
      const since = await readPage(hilo, 'poll', { cursor: nothing.previousCursor })
      assert.deepEqual(since.ids, [three!.messageId])
    })

    test('a broken cursor, limit, order or conversation is refused and named', async (t) => {
      const hilo = await startHilo(t, database)
      await recordMessages(hilo, [{ query: '1', conversationId: 'strict' }])
      const path = '/api/conversations/strict/messages'
      const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
      const time = '2026-03-01T10:00:00.000000Z'
      const cursors = ['x', encode(null), encode([time, 1]), encode(['older', time, '1; drop table messages']),
        encode(['older', 'infinity', 1]), encode(['sideways', time, 1]), encode(['newer', time, 99999999999])]
      for (const cursor of cursors) {
        const { status, body } = await hilo.request('GET', `${path}?cursor=${cursor}`)
        assert.deepEqual([status, body.code, body.field], [400, 'INVALID_REQUEST', 'cursor'], cursor)
      }
      const long = `cursor=${'a'.repeat(2000)}`
      for (const query of ['limit=0', 'limit=101', 'limit=x', 'order=up', 'includeDrafts=maybe', long]) {
        assert.equal((await hilo.request('GET', `${path}?${query}`)).status, 400, query)
      }
      assert.equal((await hilo.request('GET', `${path}?cursor=&limit=100`)).status, 200)
      assert.equal((await hilo.request('GET', '/api/conversations/nowhere/messages')).status, 404)
    })
  })
}
