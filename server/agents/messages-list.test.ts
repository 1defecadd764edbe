import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertRefused } from '../test/query-agent.ts'
import { readEvents, readMessages, readRows, takeSnapshot } from '../test/rows.ts'
import { databases, type Hilo, type RequestOptions, skipWithout, startHilo } from '../test/start-hilo.ts'

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

interface Options extends RequestOptions {
  agentId?: string
  query?: string
}

function send(hilo: Hilo, messages: unknown, { agentId = hilo.agentId, query = '', ...options }: Options = {}) {
  return hilo.request('POST', `/api/agents/${agentId}/messages${query}`, { body: { messages }, ...options })
}

/** Result of a list that is accepted. */
async function sendGood(hilo: Hilo, messages: unknown, options?: Options) {
  const { status, body } = await send(hilo, messages, options)
  assert.equal(status, 200, JSON.stringify(body))
  assert.deepEqual(Object.keys(body), ['results'])
  return body.results
}

for (const database of databases) {
  describe(`lists of messages on ${database}`, skipWithout(database), () => {
    test('both directions are recorded, in the order of the list, with a result for each', async (t) => {
      const hilo = await startHilo(t, database)
      const said = [
        { query: '1', from: 'contact', author: { name: 'Ana' } }, { query: '2', from: 'agent', author: { kind: 'ai' } },
        { query: '3', from: null }, { query: '4', author: { kind: 'human' } }, { query: '5', from: 'contact', isDraft: false },
      ]
      const results = await sendGood(hilo, said.map((one) => ({ ...one, conversationId: 'one' })))
      for (const result of results) {
        assert.deepEqual(Object.keys(result).sort(), ['conversationId', 'isRepeat', 'messageId', 'status', 'visitorId'])
        assert.deepEqual([result.conversationId, result.isRepeat], [results[0].conversationId, false])
      }
      const rows = await readMessages(hilo)
      assert.deepEqual(rows.map((row) => [row.seq, row.text, row.author_kind, row.status]), [
        [1, '1', 'contact', 'received'], [2, '2', 'ai', 'recorded'], [3, '3', 'agent', 'recorded'],
        [4, '4', 'human', 'recorded'], [5, '5', 'contact', 'received'],
      ])
      assert.deepEqual(rows.map((row) => row.id), results.map((one: { messageId: string }) => one.messageId))
      const { body } = await hilo.request('GET', '/api/conversations/one/messages?order=asc')
      assert.deepEqual(body.items.map((one: { from: string }) => one.from), ['contact', 'agent', 'agent', 'agent', 'contact'])
    })

    test('what is wrong with one message is told in its place, and harms no other', async (t) => {
      const hilo = await startHilo(t, database)
      await sendGood(hilo, [{ query: 'a', conversationId: 'one' }, { query: 'b', channel: 'slack', channelExternalId: 'x' }])
      const good = { query: 'good' }
      const wrong: [message: unknown, field: string, code: string][] = [
        [{}, 'query', 'INVALID_REQUEST'],
        [{ query: '' }, 'query', 'INVALID_REQUEST'],
        [{ ...good, contact: { phoneNumber: true } }, 'contact.phoneNumber', 'INVALID_REQUEST'],
        [{ ...good, from: 'human' }, 'from', 'INVALID_REQUEST'],
        [{ ...good, from: 'contact', author: { kind: 'ai' } }, 'author.kind', 'INVALID_REQUEST'],
        [{ ...good, occurredAt: 'soon' }, 'occurredAt', 'INVALID_REQUEST'],
        [{ ...good, conversationId: 'crmchatsappai-1-2' }, 'conversationId', 'INVALID_ID'],
        [{ ...good, contactId: 'nobody' }, 'contactId', 'NOT_FOUND'],
        [{ ...good, conversationId: 'one', channel: 'slack', channelExternalId: 'x' }, 'conversationId', 'CONVERSATION_MISMATCH'],
        [{ ...good, attachments: [{ url: 'x' }] }, 'attachments[0].url', 'INVALID_REQUEST'],
        [{ query: 'half a \ud83d' }, 'query', 'INVALID_REQUEST'], [{ ...good, metadata: { a: ['\0'] } }, 'metadata.a[0]', 'INVALID_REQUEST'],
        ['\0', '', 'INVALID_REQUEST'], ['text', '', 'INVALID_REQUEST'], [null, '', 'INVALID_REQUEST'], [[], '', 'INVALID_REQUEST'],
      ]
      const list = wrong.flatMap(([message]) => [good, message])
      const results = await sendGood(hilo, [...list, good])
      assert.equal(results.length, list.length + 1)
      for (const [index, result] of results.entries()) {
        if (index % 2 === 0) assert.ok(result.messageId, JSON.stringify(result))
        else {
          const [, field, code] = wrong[(index - 1) / 2]!
          const expected = `messages[${index}]${field && '.'}${field}`
          assert.deepEqual([result.code, result.field], [code, expected], JSON.stringify(result))
          assert.match(result.error, /^\S.{10,}\.$/)
        }
      }
      assert.equal((await readMessages(hilo)).length, 2 + wrong.length + 1)
    })

    test('a message that comes twice in one list is recorded once', async (t) => {
      const hilo = await startHilo(t, database)
      const [one, two, three, four] = await sendGood(hilo, [
        { query: 'a', externalId: 'e1' }, { query: 'b', externalId: 'e2' }, { query: 'c', externalId: 'e1' },
        { query: 'd', externalId: 'e1', source: 'other' },
      ])
      assert.deepEqual(three, { ...one, isRepeat: true })
      assert.deepEqual([one.isRepeat, two.isRepeat, four.isRepeat], [false, false, false])
      assert.equal((await readMessages(hilo)).length, 3)
    })

    test('a thousand messages go at once, in order; a list of none or of 1,001 is refused', async (t) => {
      const hilo = await startHilo(t, database)
      const list = upTo(1000).map((number) => ({
        query: `text ${number}`, conversationId: `c${number % 3}`, externalId: number,
      }))
      const results = await sendGood(hilo, list)
      assert.equal(new Set(results.map((one: { messageId: string }) => one.messageId)).size, 1000)
      const rows = await readMessages(hilo)
      for (const [conversationId, some] of Object.entries(Object.groupBy(rows, (row) => row.conversation_id))) {
        const mine = list.filter((_, index) => results[index].conversationId === conversationId)
        const texts = mine.map(({ query }) => query)
        assert.deepEqual(some!.map((row) => row.text), texts)
        assert.deepEqual(some!.map((row) => row.seq), upTo(texts.length))
      }
      const events = await readEvents(hilo)
      assert.deepEqual(events.map((event) => event.seq), upTo(1003))
      const before = await takeSnapshot(hilo)
      for (const messages of [[], [...list, { query: 'one more' }], undefined, null, {}, 'text']) {
        assertRefused(await send(hilo, messages), { status: 400, code: 'INVALID_REQUEST', field: 'messages' })
      }
      assert.deepEqual(await takeSnapshot(hilo), before)
    })

    test('sixteen MiB of texts are recorded in one call', async (t) => {
      const hilo = await startHilo(t, database)
      const text = 'é'.repeat(32 * 1024)
      await sendGood(hilo, upTo(255).map(() => ({ query: text, conversationId: 'one' })))
      const rows = await readMessages(hilo)
      assert.equal(rows.length, 255)
      assert.ok(rows.every((row) => row.text === text))
    })

    test('what happened earlier sorts into its place when read, whenever it was recorded', async (t) => {
      const hilo = await startHilo(t, database)
      const at = (minute: number) => ({
        query: String(minute), conversationId: 'one', occurredAt: `2025-03-01T12:${minute}:00Z`,
      })
      await sendGood(hilo, [at(30), at(10), at(50)])
      await sendGood(hilo, [at(20), at(10), at(40)])
      const { body } = await hilo.request('GET', '/api/conversations/one/messages?order=asc')
      const order = body.items.map((one: { text: string, seq: number }) => [one.text, one.seq])
      assert.deepEqual(order, [['10', 2], ['10', 5], ['20', 4], ['30', 1], ['40', 6], ['50', 3]])
    })

    test('an Idempotency-Key covers each message of the list for itself', async (t) => {
      const hilo = await startHilo(t, database)
      const key = { headers: { 'idempotency-key': 'k1' } }
      const list = upTo(3).map((number) => ({ query: `text ${number}` }))
      const first = await sendGood(hilo, list, key)
      const again = await sendGood(hilo, list, key)
      assert.deepEqual(again, first.map((one: object) => ({ ...one, isRepeat: true })))
      const longer = await sendGood(hilo, [list[0], { query: 'changed' }, list[2], { query: 'new' }], key)
      assert.deepEqual([longer[0], longer[2]], [again[0], again[2]])
      assert.deepEqual([longer[1].code, longer[3].isRepeat], ['IDEMPOTENCY_KEY_REUSED', false])
      assert.equal((await readMessages(hilo)).length, 4)
      const others = await sendGood(hilo, list, { headers: { 'idempotency-key': 'k2' } })
      assert.ok(others.every((one: { isRepeat: boolean }) => !one.isRepeat))
    })

    test('explain adds a resolution to each result, as the list goes on', async (t) => {
      const hilo = await startHilo(t, database)
      const said = { query: 'Hola', conversationId: 'one', contact: { userId: 'u1' } }
      const [first, second] = await sendGood(hilo, [said, said], { query: '?explain=true' })
      assert.deepEqual([first.resolution.conversation.created, first.resolution.contact.created], [true, true])
      assert.deepEqual([second.resolution.conversation.created, second.resolution.contact.created], [false, false])
      assert.equal(second.resolution.contact.id, first.resolution.contact.id)
    })

    test('what is wrong with the call itself refuses the list: an unknown agent, a key that is none', async (t) => {
      const hilo = await startHilo(t, database)
      const neighbour = await hilo.createNeighbour()
      const list = [{ query: 'Hola', externalId: 'e1' }, { query: 'Hola', conversationId: 'one' }]
      for (const agentId of ['nobody', neighbour.agentId]) {
        assertRefused(await send(hilo, list, { agentId }), { status: 404, code: 'NOT_FOUND', field: 'id', says: agentId })
      }
      for (const key of ['undefined', 'x'.repeat(257)]) {
        assertRefused(await send(hilo, list, { headers: { 'idempotency-key': key } }), {
          status: 400, code: 'INVALID_ID', field: 'Idempotency-Key',
        })
      }
      for (const one of [hilo, neighbour]) assert.equal((await readRows(one, 'conversations')).length, 0)
    })
  })
}
