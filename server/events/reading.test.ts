import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { fillLog } from '../test/fill-log.ts'
import { assertRefused, record } from '../test/query-agent.ts'
import { recordMessages } from '../test/record-messages.ts'
import { type Answer, databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'
import { until } from '../test/webhooks.ts'

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

async function read(hilo: Hilo, query = '') {
  const { status, body } = await hilo.request('GET', `/api/events${query}`)
  assert.equal(status, 200, JSON.stringify(body))
  return { ...body, seqs: body.items.map((event: { seq: number }) => event.seq) }
}

async function removeUpTo(hilo: Hilo, seq: number): Promise<void> {
  await hilo.asOwner((tx) => tx.deleteFrom('events')
    .where('organization_id', '=', hilo.organizationId).where('seq', '<=', seq).execute())
}

/** Waits for a contact with this key, and goes on once the server has let that in. */
async function begin(hilo: Hilo, key: string): Promise<{ answer: Promise<Answer> }> {
  await hilo.request('GET', '/api/events', { key }) // now it is remembered: the next one is let in as soon as it comes
  const asked = once(hilo.app.server, 'request')
  const answer = hilo.request('GET', '/api/events?wait=30&types=contact.created', { key })
  await asked
  return { answer }
}

for (const database of databases) {
  describe(`reading the log on ${database}`, skipWithout(database), () => {
    test('every event comes once and in order, whatever the size of the pages', async (t) => {
      const hilo = await startHilo(t, database)
      assert.deepEqual((await hilo.request('GET', '/api/events')).body, { items: [], nextAfter: 0, hasMore: false, lastSeq: 0 })
      await recordMessages(hilo, upTo(20).map((number) => ({ query: `text ${number}`, conversationId: `c${number % 3}` })))
      for (const limit of [1, 7, 23, 500]) {
        const seqs: number[] = []
        let page = await read(hilo, `?limit=${limit}`)
        for (; page.hasMore; page = await read(hilo, `?limit=${limit}&after=${page.nextAfter}`)) {
          assert.equal(page.seqs.length, limit)
          seqs.push(...page.seqs)
        }
        assert.deepEqual([...seqs, ...page.seqs], upTo(23))
        assert.deepEqual([page.nextAfter, page.lastSeq], [23, 23])
      }
    })

    test('filters let through what they say, and the place moves on over the rest', async (t) => {
      const hilo = await startHilo(t, database)
      const { conversationId } = await record(hilo, { conversationId: 'crmchatsappai_1_2', contact: { userId: 'u1' } })
      await record(hilo, { conversationId: 'two' })
      assert.deepEqual((await read(hilo, '?types=message.created')).seqs, [3, 5])
      assert.deepEqual((await read(hilo, '?types=message.created,%20contact.created')).seqs, [1, 3, 5])
      assert.deepEqual((await read(hilo, '?types=message.created&types=contact.created')).seqs, [1, 3, 5])
      for (const id of [conversationId, 'crmchatsappai_1_2']) {
        assert.deepEqual((await read(hilo, `?conversationId=${id}`)).seqs, [2, 3])
      }
      const none = await read(hilo, '?types=contact.merged')
      assert.deepEqual([none.items, none.nextAfter, none.hasMore], [[], 5, false])
      assert.deepEqual((await read(hilo, '?types=&conversationId=')).seqs, upTo(5))
      const wrong = await hilo.request('GET', '/api/events?types=message.create')
      assertRefused(wrong, { status: 400, code: 'INVALID_REQUEST', field: 'types', says: 'message.created' })
      const other = await hilo.createNeighbour()
      const foreign = await other.request('GET', `/api/events?conversationId=${conversationId}`)
      assertRefused(foreign, { status: 404, code: 'NOT_FOUND', field: 'conversationId' })
      assert.deepEqual((await read(other)).items, [])
    })

    test('a conversation that hardly anything happens in is read at once, however much happened elsewhere', async (t) => {
      const hilo = await startHilo(t, database)
      await record(hilo, { conversationId: 'rare' })
      const lastSeq = 30_000
      await fillLog(hilo, lastSeq)
      await record(hilo, { conversationId: 'rare' })
      const expected = { seqs: [1, 2, lastSeq + 1], nextAfter: lastSeq + 1, hasMore: false }
      const { seqs, nextAfter, hasMore } = await read(hilo, '?conversationId=rare')
      assert.deepEqual({ seqs, nextAfter, hasMore }, expected)
      const first = await read(hilo, '?conversationId=rare&limit=2')
      assert.deepEqual([first.seqs, first.nextAfter, first.hasMore], [[1, 2], 2, true])
      assert.deepEqual((await read(hilo, '?conversationId=rare&after=2&types=message.created')).seqs, [lastSeq + 1])
    })

    test('what is not kept any more is said so, and where to go on', async (t) => {
      const hilo = await startHilo(t, database)
      await recordMessages(hilo, upTo(5).map(() => ({ query: 'Hola', conversationId: 'one' })))
      await removeUpTo(hilo, 3)
      assert.deepEqual((await read(hilo)).seqs, [4, 5, 6])
      assert.deepEqual((await read(hilo, '?after=3')).seqs, [4, 5, 6])
      for (const query of ['?after=2', '?after=0', '?after=0&types=contact.merged', '?after=1&wait=1']) {
        const refused = await hilo.request('GET', `/api/events${query}`)
        assertRefused(refused, { status: 410, code: 'EVENTS_REMOVED', field: 'after', says: 'after=3' }, query)
      }
      await removeUpTo(hilo, 6)
      const { items, nextAfter, lastSeq } = await read(hilo)
      assert.deepEqual([items, nextAfter, lastSeq], [[], 6, 6])
      assertRefused(await hilo.request('GET', '/api/events?after=5'), { status: 410, code: 'EVENTS_REMOVED' })
      assertRefused(await hilo.request('GET', '/api/events?after=7'), { status: 400, code: 'INVALID_REQUEST', says: 'backup' })
    })

    test('who waits is answered as soon as there is something that passes the filter', async (t) => {
      const hilo = await startHilo(t, database)
      await record(hilo, { conversationId: 'one' })
      const waiting = [
        '?after=2&wait=30', '?after=2&wait=30&types=contact.created', '?after=2&wait=30&conversationId=one',
      ].map((query) => read(hilo, query))
      await record(hilo, { conversationId: 'two' })
      assert.deepEqual((await waiting[0]!).seqs.slice(0, 1), [3])
      await record(hilo, { conversationId: 'one' })
      assert.deepEqual((await waiting[2]!).seqs, [5])
      await record(hilo, { contact: { userId: 'u1' } })
      assert.deepEqual((await waiting[1]!).seqs, [6])
    })

    test('who waits is not answered by what does not pass the filter, at whatever moment it comes', async (t) => {
      for (const round of upTo(8)) {
        const hilo = await startHilo(t, database)
        const waiting = read(hilo, '?wait=30&types=contact.created')
        await Promise.all(upTo(round).map((number) => record(hilo, { conversationId: `c${number}` })))
        await record(hilo, { contact: { userId: 'u1' } })
        assert.equal((await waiting).items[0]?.type, 'contact.created', `round ${round}`)
      }
    })

    test('who waits is told nothing more once the API key is revoked or the token has expired', async (t) => {
      const hilo = await startHilo(t, database)
      const { body: made } = await hilo.request('POST', '/api/api-keys', { body: { name: 'x', scopes: ['history:read'] } })
      const ofKey = await begin(hilo, made.key)
      const { body: { token } } = await hilo.request('POST', '/api/tokens', { body: { expiresInSeconds: 3 } })
      const ofToken = await begin(hilo, token)
      await hilo.request('DELETE', `/api/api-keys/${made.id}`)
      await until(() => hilo.request('GET', '/api/events', { key: token }), ({ status }) => status === 401)
      await record(hilo, { contact: { userId: 'u1' } })
      for (const { answer } of [ofKey, ofToken]) {
        assertRefused(await answer, { status: 401, code: 'UNAUTHORIZED', says: 'while it waited' })
      }
    })

    test('who waits in vain gets an empty answer, and one who leaves costs nothing more', async (t) => {
      const hilo = await startHilo(t, database)
      const { items, nextAfter } = await read(hilo, '?wait=1')
      assert.deepEqual([items, nextAfter], [[], 0])
      const leaving = new AbortController()
      const left = fetch(`${hilo.url}/api/events?wait=30`, {
        headers: { authorization: `Bearer ${hilo.key}` }, signal: leaving.signal,
      })
      leaving.abort()
      await assert.rejects(left, { name: 'AbortError' })
      await record(hilo, {})
      assert.equal((await read(hilo)).lastSeq, 2)
    })
  })
}
