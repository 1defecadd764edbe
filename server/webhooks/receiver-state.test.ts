import assert from 'node:assert/strict'
import { after, before, describe, test, type TestContext } from 'node:test'
import type { OpenDatabase } from '../database/open.ts'
import { recordMessages } from '../test/record-messages.ts'
import { type Hilo, databases, skipWithout, startAlone } from '../test/start-hilo.ts'
import { openTestDatabase } from '../test/test-databases.ts'
import { type Received, type ReceiverAnswer, startReceiver } from '../test/webhook-receiver.ts'
import { countWaiting, createEndpoint, readAttempts, readEndpoint, say, textsOf, until, webhookTimes } from '../test/webhooks.ts'

const eventTypes = ['message.created' as const]

const textOf = (one: Received) => Object.values(textsOf([one])).flat()[0]!
const countAttempts = (hilo: Hilo, id: string, count: number) => (
  until(() => readAttempts(hilo, id), (attempts) => attempts.length === count)
)

/** Answers by the text of the message. */
const byText = (answers: Record<string, ReceiverAnswer>) => (one: Received) => answers[textOf(one)] ?? { status: 204 }

for (const kind of databases) {
  describe(`what Hilo knows of a receiver, on ${kind}`, skipWithout(kind), () => {
    let database: OpenDatabase
    before(async () => {
      database = await openTestDatabase(kind)
    })
    after(() => database.close())

    test('a pause that a receiver asked for outlasts the attempts that had begun before', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes: { ...webhookTimes, retryDelaysMs: [7_200_000] } })
      const { promise: asked, resolve } = Promise.withResolvers<void>()
      const receiver = await startReceiver(t, byText({
        busy: { status: 429, headers: { 'retry-after': '3600' } },
        refused: { status: 500, after: asked }, shorter: { status: 429, headers: { 'retry-after': '60' }, after: asked },
        accepted: { status: 204, after: asked },
      }))
      const { id } = await createEndpoint(hilo, { url: receiver.url, eventTypes })
      for (const text of ['refused', 'shorter', 'accepted']) await say(hilo, text, text)
      await receiver.waitFor(3)
      await say(hilo, 'busy', 'busy')
      await countAttempts(hilo, id, 1)
      const { pausedUntil } = await readEndpoint(hilo, id)
      resolve()
      await countAttempts(hilo, id, 4)
      assert.equal((await readEndpoint(hilo, id)).pausedUntil, pausedUntil)
      assert.ok(Date.parse(pausedUntil!) - Date.now() > 3_000_000)
    })

    test('a receiver is left alone for a day at most, whatever it asks for', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes })
      const receiver = await startReceiver(t, () => ({ status: 503, headers: { 'retry-after': String(30 * 86_400) } }))
      const { id } = await createEndpoint(hilo, { url: receiver.url, eventTypes })
      await say(hilo, 'one', '1')
      const [attempt] = await countAttempts(hilo, id, 1)
      const { pausedUntil } = await readEndpoint(hilo, id)
      for (const time of [pausedUntil, attempt!.nextAttemptAt]) {
        const hours = (Date.parse(time!) - Date.parse(attempt!.createdAt)) / 3_600_000
        assert.ok(hours > 23 && hours < 25, String(time))
      }
    })

    /** A receiver asked to be left alone: one event waits for its next try, another for the end of the pause. */
    async function startPaused(t: TestContext) {
      const hilo = await startAlone(t, database, { webhookTimes: { ...webhookTimes, retryDelaysMs: [7_200_000] } })
      const receiver = await startReceiver(t, (_, index) => (
        index === 0 ? { status: 503, headers: { 'retry-after': '3600' } } : { status: 204 }
      ))
      const { id } = await createEndpoint(hilo, { url: receiver.url, eventTypes })
      await say(hilo, 'one', '1')
      await countAttempts(hilo, id, 1)
      await say(hilo, 'two', '2')
      return { hilo, receiver, path: `/api/webhook-endpoints/${id}` }
    }

    test('another url gets at once what waits, whatever the one before had asked for', async (t) => {
      const { hilo, path } = await startPaused(t)
      const right = await startReceiver(t)
      const { body } = await hilo.request('PATCH', path, { body: { url: right.url } })
      assert.deepEqual([body.pausedUntil, body.failingSince], [null, null])
      assert.deepEqual((await right.waitFor(2)).map(textOf).sort(), ['1', '2'])
    })

    test('what is asked for again is sent at once, although the receiver had asked to be left alone', async (t) => {
      const { hilo, receiver, path } = await startPaused(t)
      const { body } = await hilo.request('POST', `${path}/redeliver`, { body: { failed: true } })
      assert.equal(body.queued, 1)
      assert.deepEqual((await receiver.waitFor(3)).slice(1).map(textOf).sort(), ['1', '2'])
      assert.equal((await hilo.request('GET', path)).body.pausedUntil, null)
    })

    test('once a pause is over, what happens is sent again', async (t) => {
      const { hilo, receiver, path } = await startPaused(t)
      await hilo.asOwner((tx) => tx.updateTable('webhook_endpoints').set({ paused_until: new Date(Date.now() - 1) })
        .where('organization_id', '=', hilo.organizationId).execute())
      await say(hilo, 'three', '3')
      await receiver.until((received) => received.some((one) => textOf(one) === '3'))
      assert.equal((await hilo.request('GET', path)).body.pausedUntil, null)
    })

    test('what is asked for again while its next attempt is on its way comes once more at once, if that fails', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes: { ...webhookTimes, retryDelaysMs: [5, 7_200_000] } })
      const { promise: asked, resolve } = Promise.withResolvers<void>()
      const receiver = await startReceiver(t, (_, index) => (
        index < 2 ? { status: 500, after: index === 1 ? asked : undefined } : { status: 204 }
      ))
      const { id } = await createEndpoint(hilo, { url: receiver.url, eventTypes })
      await say(hilo, 'one', '1')
      await receiver.waitFor(2)
      const { body } = await hilo.request('POST', `/api/webhook-endpoints/${id}/redeliver`, { body: { failed: true } })
      assert.equal(body.queued, 1)
      resolve()
      await receiver.waitFor(3)
      await until(() => countWaiting(hilo), (count) => count === 0)
    })

    test('a receiver fails since the first attempt that it did not accept, whatever comes after it', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes: { ...webhookTimes, retryDelaysMs: [] } })
      const receiver = await startReceiver(t, byText({ refused: { status: 500 } }))
      const { id } = await createEndpoint(hilo, { url: receiver.url, eventTypes })
      const readFailingSince = async (count: number) => {
        await countAttempts(hilo, id, count)
        return (await readEndpoint(hilo, id)).failingSince
      }
      await say(hilo, 'one', 'refused')
      const since = await readFailingSince(1)
      assert.ok(since)
      await say(hilo, 'two', 'refused')
      assert.equal(await readFailingSince(2), since)
      await say(hilo, 'three', 'accepted')
      assert.equal(await readFailingSince(3), null)
    })

    test('a receiver that fails gets few connections, for what is tried again and for what is new', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes: { ...webhookTimes, timeoutMs: 60_000 } })
      const failing = await startReceiver(t, (_, index) => (index < 10 ? { status: 500 } : {}))
      const good = await startReceiver(t)
      await createEndpoint(hilo, { url: failing.url, eventTypes })
      const sayTen = (name: string) => recordMessages(hilo, Array.from({ length: 10 }, (_, index) => (
        { conversationId: `${name}${index}`, query: 'Hola' }
      )))
      await sayTen('first')
      await failing.waitFor(12)
      await createEndpoint(hilo, { url: good.url, eventTypes })
      await sayTen('second')
      await good.waitFor(10)
      assert.equal(failing.received.length, 12)
    })

    test('what is asked for again after it was given up has all its attempts once more', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes: { ...webhookTimes, retryDelaysMs: [1] } })
      const receiver = await startReceiver(t, () => ({ status: 500 }))
      const { id } = await createEndpoint(hilo, { url: receiver.url, eventTypes })
      await say(hilo, 'one', '1')
      const [attempt] = await countAttempts(hilo, id, 2)
      for (const [body, count] of [[{ seq: attempt!.seq }, 4], [{ failed: true }, 6]] as const) {
        const answer = await hilo.request('POST', `/api/webhook-endpoints/${id}/redeliver`, { body })
        assert.equal(answer.body.queued, 1)
        await countAttempts(hilo, id, count)
      }
    })

    test('an attempt at an earlier url says nothing of the present one', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes: { ...webhookTimes, retryDelaysMs: [7_200_000] } })
      const { promise: changed, resolve } = Promise.withResolvers<void>()
      const receiver = await startReceiver(t, byText({
        busy: { status: 503, headers: { 'retry-after': '3600' }, after: changed }, gone: { status: 410, after: changed },
      }))
      const right = await startReceiver(t)
      const { id } = await createEndpoint(hilo, { url: receiver.url, eventTypes })
      for (const text of ['busy', 'gone']) await say(hilo, text, text)
      await receiver.waitFor(2)
      await hilo.request('PATCH', `/api/webhook-endpoints/${id}`, { body: { url: right.url } })
      resolve()
      await countAttempts(hilo, id, 2)
      const { pausedUntil, failingSince, isEnabled } = await readEndpoint(hilo, id)
      assert.deepEqual([pausedUntil, failingSince, isEnabled], [null, null, true])
    })

    test('an endpoint is disabled once, however many of its attempts were answered with 410', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes: { ...webhookTimes, retryDelaysMs: [] } })
      const { promise: asked, resolve } = Promise.withResolvers<void>()
      const receiver = await startReceiver(t, () => ({ status: 410, after: asked }))
      const { id } = await createEndpoint(hilo, { url: receiver.url, eventTypes })
      for (const name of ['one', 'two', 'three']) await say(hilo, name, 'Hola')
      await receiver.waitFor(3)
      resolve()
      await countAttempts(hilo, id, 3)
      assert.equal((await hilo.request('GET', '/api/events?types=webhook.disabled')).body.items.length, 1)
    })

    test('attempts are listed newest first, page by page, of one event and with one outcome', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes })
      const receiver = await startReceiver(t, (_, index) => ({ status: index === 0 ? 500 : 204 }))
      const { id } = await createEndpoint(hilo, { url: receiver.url, eventTypes })
      for (const text of ['1', '2', '3']) await say(hilo, 'one', text)
      const all = await countAttempts(hilo, id, 4)
      const [first] = receiver.received
      assert.deepEqual(all.toReversed().map(({ seq }) => seq), receiver.received.map(({ event }) => event.seq))
      const read = async (query: string) => (await hilo.request('GET', `/api/webhook-endpoints/${id}/attempts?${query}`)).body
      const pages = [await read('limit=3')]
      pages.push(await read(`limit=3&cursor=${pages[0].nextCursor}`))
      assert.deepEqual(pages.map(({ items }) => items), [all.slice(0, 3), all.slice(3)])
      assert.equal(pages[1].nextCursor, null)
      assert.deepEqual((await read(`seq=${first!.event.seq}`)).items, all.slice(2))
      assert.deepEqual((await read('isDelivered=false')).items, all.slice(3))
      assert.deepEqual((await read('isDelivered=true')).items, all.slice(0, 3))
    })

    test('an endpoint that has just accepted something is not disabled for five days of failures', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes: { ...webhookTimes, retryDelaysMs: [7_200_000] } })
      const { promise: accepted, resolve } = Promise.withResolvers<void>()
      const receiver = await startReceiver(t, byText({ late: { status: 500, after: accepted } }))
      const { id } = await createEndpoint(hilo, { url: receiver.url, eventTypes })
      await hilo.asOwner((tx) => tx.updateTable('webhook_endpoints').where('id', '=', id)
        .set({ failing_since: new Date(Date.now() - 6 * 86_400_000) }).execute())
      await say(hilo, 'one', 'late')
      await receiver.waitFor(1)
      await say(hilo, 'two', 'good')
      await until(() => readEndpoint(hilo, id), ({ failingSince }) => failingSince === null)
      resolve()
      await countAttempts(hilo, id, 2)
      const { isEnabled, disabledReason } = await readEndpoint(hilo, id)
      assert.deepEqual([isEnabled, disabledReason], [true, null])
    })
  })
}
