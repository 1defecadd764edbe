import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { sql } from 'kysely'
import { type EventReader, openReader } from '../test/event-reader.ts'
import { assertRefused, record } from '../test/query-agent.ts'
import { openRaw, openSlowReader, readToEnd, recordMuch } from '../test/raw-stream.ts'
import { recordMessages } from '../test/record-messages.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'
import { until } from '../test/webhooks.ts'

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
const seqsOf = ({ events }: EventReader) => events.map((event) => event.seq)
const reaches = (seq: number) => ({ events }: EventReader) => (events.at(-1)?.seq ?? 0) >= seq

/** The same organization, at another server over the same database. */
const at = (hilo: Hilo, { url }: Hilo): Hilo => ({ ...hilo, url })

for (const database of databases) {
  describe(`the stream of events on ${database}`, skipWithout(database), () => {
    test('brings what happens from now on, or everything after a place and then what happens', async (t) => {
      const hilo = await startHilo(t, database)
      await recordMessages(hilo, upTo(120).map((number) => ({ query: `text ${number}`, conversationId: 'one' })))
      const live = await openReader(t, hilo)
      const late = await openReader(t, hilo, '?after=100')
      const whole = await openReader(t, hilo, '?after=0')
      const { messageId } = await record(hilo, { conversationId: 'one', query: 'news' })
      for (const reader of [live, late, whole]) await reader.until(reaches(122))
      assert.deepEqual(seqsOf(live), [122])
      assert.deepEqual(seqsOf(late), upTo(122).slice(100))
      assert.deepEqual(seqsOf(whole), upTo(122))
      const { body } = await hilo.request('GET', '/api/events?after=121')
      assert.deepEqual(live.events[0], body.items[0])
      assert.equal(body.items[0].data.message.id, messageId)
    })

    test('brings all that comes at once, however much it is', async (t) => {
      const hilo = await startHilo(t, database)
      const reader = await openReader(t, hilo)
      await recordMessages(hilo, upTo(450).map((number) => ({ query: `text ${number}`, conversationId: 'one' })))
      await reader.until(reaches(451))
      assert.deepEqual(seqsOf(reader), upTo(451))
    })

    test('goes on behind Last-Event-ID, whatever the address of the stream says', async (t) => {
      const hilo = await startHilo(t, database)
      await record(hilo, {})
      await record(hilo, {})
      const leaving = new AbortController()
      t.after(() => leaving.abort())
      const { body } = await fetch(`${hilo.url}/api/events/stream?after=0`, {
        headers: { 'authorization': `Bearer ${hilo.key}`, 'last-event-id': '2' }, signal: leaving.signal,
      })
      let text = ''
      for await (const piece of body!.pipeThrough(new TextDecoderStream())) if (/^id: \d+$/m.test(text += piece)) break
      assert.equal(/^id: (\d+)$/m.exec(text)![1], '3')
    })

    test('filters let through what they say', async (t) => {
      const hilo = await startHilo(t, database)
      const { conversationId } = await record(hilo, { conversationId: 'one', contact: { userId: 'u1' } })
      const ofOne = await openReader(t, hilo, '?after=0&conversationId=one')
      const messages = await openReader(t, hilo, '?after=0&types=message.created,contact.merged')
      await record(hilo, { conversationId: 'two' })
      await record(hilo, { conversationId })
      await ofOne.until(reaches(6))
      await messages.until(reaches(6))
      assert.deepEqual(seqsOf(ofOne), [2, 3, 6])
      assert.deepEqual(seqsOf(messages), [3, 5, 6])
    })

    test('a neighbour hears nothing', async (t) => {
      const hilo = await startHilo(t, database)
      const neighbour = await hilo.createNeighbour()
      const reader = await openReader(t, neighbour, '?after=0')
      await record(hilo, {})
      await record(neighbour, {})
      await reader.until(reaches(2))
      assert.deepEqual(reader.events.map((event) => event.organizationId), Array(2).fill(neighbour.organizationId))
    })

    test('what is wrong is answered before a stream begins', async (t) => {
      const hilo = await startHilo(t, database)
      await record(hilo, {})
      const ask = (query: string, headers?: Record<string, string>) => (
        hilo.request('GET', `/api/events/stream${query}`, { headers })
      )
      assertRefused(await ask('?after=3'), { status: 400, code: 'INVALID_REQUEST', field: 'after' })
      assertRefused(await ask('?types=x'), { status: 400, code: 'INVALID_REQUEST', field: 'types' })
      assertRefused(await ask('', { 'last-event-id': 'x' }), { status: 400, code: 'INVALID_REQUEST', field: 'Last-Event-ID' })
      assertRefused(await ask('?conversationId=x'), { status: 404, code: 'NOT_FOUND', field: 'conversationId' })
      await hilo.asOwner((tx) => tx.deleteFrom('events').where('organization_id', '=', hilo.organizationId).execute())
      const fromHeader = { field: 'Last-Event-ID', says: 'after=2, without Last-Event-ID,' }
      const removed = await ask('?after=0', { 'last-event-id': '1' })
      assertRefused(removed, { status: 410, code: 'EVENTS_REMOVED', ...fromHeader })
      const toCome = await ask('?after=0', { 'last-event-id': '3' })
      assertRefused(toCome, { status: 400, code: 'INVALID_REQUEST', ...fromHeader })
      assert.match(toCome.body.error, /^Last-Event-ID is 3, /)
    })

    test('whatever breaks, and over two servers, every reader gets every event once and in order', async (t) => {
      const hilo = await startHilo(t, database)
      const servers = [hilo, at(hilo, await startHilo(t, database, {}))]
      const steady = await Promise.all(servers.map((server) => openReader(t, server, '?after=0')))
      const got: number[] = []
      const readInPieces = async () => {
        for (let turn = 0; got.length < 202; turn += 1) {
          const reader = await openReader(t, servers[turn % 2]!, `?after=${got.at(-1) ?? 0}`)
          await reader.until(({ events }) => events.length >= Math.min(20, 202 - got.length))
          reader.close()
          got.push(...seqsOf(reader))
        }
      }
      const reading = readInPieces()
      for (const number of upTo(20)) {
        await Promise.all(upTo(10).map((nth) => (
          record(servers[nth % 2]!, { conversationId: `c${nth % 2}`, query: `${number} ${nth}` })
        )))
      }
      await Promise.all([reading, ...steady.map((reader) => reader.until(reaches(202)))])
      for (const seqs of [got, ...steady.map(seqsOf)]) assert.deepEqual(seqs, upTo(202))
    })

    test('a server that stops says so, and its readers go on at the next one where they were', async (t) => {
      const hilo = await startHilo(t, database)
      const first = await startHilo(t, database, {})
      const reader = await openReader(t, at(hilo, first), '?after=0')
      const longPoll = fetch(`${first.url}/api/events?wait=30`, { headers: { authorization: `Bearer ${hilo.key}` } })
      await record(hilo, {})
      await reader.until(reaches(2))
      const [answer] = await Promise.all([longPoll, first.app.close()])
      assert.equal(answer.status, 200)
      await reader.until(({ endings }) => endings.length === 1)
      assert.deepEqual([reader.endings[0]!.code, reader.endings[0]!.after], ['SERVER_STOPPING', 2])
      await record(hilo, {})
      const next = await openReader(t, hilo, `?after=${reader.events.at(-1)!.seq}`)
      await next.until(reaches(4))
      assert.deepEqual([...seqsOf(reader), ...seqsOf(next)], upTo(4))
    })

    test('who is just being let in when the server stops, to read or to wait, is told so too', async (t) => {
      const hilo = await startHilo(t, database)
      const first = await startHilo(t, database, {})
      await openReader(t, at(hilo, first)) // now its key is remembered: the next one is let in as soon as it comes
      const { promise: stopping, resolve: release } = Promise.withResolvers<void>()
      const locked = Promise.withResolvers<void>()
      const holding = hilo.asOwner(async (tx) => {
        await sql`lock table event_sequences in access exclusive mode`.execute(tx)
        locked.resolve()
        await stopping
      })
      await locked.promise
      const asked = once(first.app.server, 'request')
      const opening = openRaw(at(hilo, first), '')
      await asked
      const askedToo = once(first.app.server, 'request')
      const waiting = fetch(`${first.url}/api/events?wait=30`, {
        headers: { authorization: `Bearer ${hilo.key}` }, signal: AbortSignal.timeout(10_000),
      })
      await askedToo
      const closed = first.app.close()
      await until(() => Promise.resolve(first.app.server.listening), (isListening) => !isListening)
      release()
      await holding
      assert.equal((await readToEnd(await opening)).code, 'SERVER_STOPPING')
      assert.equal((await waiting).status, 200)
      await closed
    })

    test('a reader that does not read is cut off with a word, and goes on where it was', async (t) => {
      const hilo = await startHilo(t, database)
      const slow = await openSlowReader(hilo, '?after=0')
      const fast = await openReader(t, hilo, '?after=0&types=message.created')
      const much = await recordMuch(hilo)
      const more = upTo(1000).map((number) => ({ query: `text ${number}`, conversationId: 'one' }))
      for (let times = 0; times < 2; times += 1) await recordMessages(hilo, more) // more than a reader may be behind
      let newest = much + 2000
      for (; !slow.hasEnded(); newest += 1) await record(hilo, { conversationId: 'one' }) // each lets the server look
      const { seqs: first, code, after } = await slow.ending
      await fast.until(reaches(newest))
      assert.equal(fast.events.length, newest - 1)
      assert.deepEqual([code, after], ['TOO_SLOW', first.length])
      assert.deepEqual(first, upTo(first.length))
      assert.ok(first.length < newest)
      const rest = await openReader(t, hilo, `?after=${first.length}`)
      await rest.until(reaches(newest))
      assert.deepEqual([...first, ...seqsOf(rest)], upTo(newest))
    })
  })
}
