import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { eventSchemas, type NewWebhookEndpointBody, webhookTypes } from '@hilo/contract'
import Schema from 'typebox/schema'
import type { OpenDatabase } from '../database/open.ts'
import { record } from '../test/query-agent.ts'
import { databases, skipWithout, startAlone } from '../test/start-hilo.ts'
import { openTestDatabase } from '../test/test-databases.ts'
import { type Received, startReceiver, verify } from '../test/webhook-receiver.ts'
import {
  countWaiting, createEndpoint, readAttempts, readEndpoint, say, textsOf, until, webhookTimes,
} from '../test/webhooks.ts'

const eventTypes: NewWebhookEndpointBody['eventTypes'] = ['message.created']

for (const kind of databases) {
  describe(`webhooks on ${kind}`, skipWithout(kind), () => {
    let database: OpenDatabase
    before(async () => {
      database = await openTestDatabase(kind)
    })
    after(() => database.close())

    test('every event from the creation on arrives, signed as Standard Webhooks has it', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes })
      await say(hilo, 'before', 'not told')
      const receiver = await startReceiver(t)
      const { secret, id, lastSeq } = await createEndpoint(hilo, { url: receiver.url })
      await say(hilo, 'one', 'Hola')
      const received = await receiver.waitFor(2)
      for (const one of received) {
        assert.deepEqual(verify(secret, one), one.event)
        assert.equal(one.headers['webhook-id'], one.event.id)
        assert.equal(one.headers['content-type'], 'application/json')
        assert.throws(() => verify(`whsec_${Buffer.alloc(32).toString('base64')}`, one))
      }
      const events = received.map(({ event }) => event).sort((a, b) => a.seq - b.seq)
      assert.deepEqual(events.map(({ type, seq }) => [type, seq]), [
        ['conversation.created', lastSeq + 1], ['message.created', lastSeq + 2],
      ])
      await until(() => countWaiting(hilo), (count) => count === 0)
      const attempts = await readAttempts(hilo, id)
      for (const { attempt, isDelivered, status, error } of attempts) {
        assert.deepEqual([attempt, isDelivered, status, error], [1, true, 204, null])
      }
      assert.equal(attempts.length, 2)
    })

    test('a test is sent at once, signed and as its schema in the API says, and stands among the attempts', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes })
      const receiver = await startReceiver(t)
      const { id, secret } = await createEndpoint(hilo, { url: receiver.url, isEnabled: false })
      const { status, body } = await hilo.request('POST', `/api/webhook-endpoints/${id}/test`, { body: {} })
      assert.deepEqual([status, body.eventType, body.isDelivered], [200, 'webhook.test', true])
      const [received] = await receiver.waitFor(1)
      const event = verify(secret, received!)
      assert.deepEqual(Schema.Errors(eventSchemas['webhook.test'], event)[1], [])
      assert.deepEqual((await readAttempts(hilo, id)).map((attempt) => attempt.id), [body.id])
      const { body: document } = await hilo.request('GET', '/openapi.json')
      assert.deepEqual(Object.keys(document.webhooks), webhookTypes)
    })

    test('a receiver that is down at first gets everything, each conversation in its order', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes })
      const failed = new Set<string>()
      const receiver = await startReceiver(t, ({ event }) => {
        if (failed.has(event.id)) return { status: 200 }
        failed.add(event.id)
        return { status: 500, body: 'not yet' }
      })
      await createEndpoint(hilo, { url: receiver.url, eventTypes })
      for (const query of ['1', '2', '3']) for (const name of ['a', 'b', 'c']) await say(hilo, name, query)
      const received = await receiver.waitFor(18)
      const accepted = received.filter((one, index) => (
        received.slice(0, index).some(({ event }) => event.id === one.event.id)
      ))
      const texts = Object.values(textsOf(accepted))
      assert.deepEqual(texts, [['1', '2', '3'], ['1', '2', '3'], ['1', '2', '3']])
    })

    test('unordered, an event that is refused holds up no other', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes: { ...webhookTimes, retryDelaysMs: [3_600_000] } })
      const receiver = await startReceiver(t, (_, index) => ({ status: index === 0 ? 500 : 200 }))
      await createEndpoint(hilo, { url: receiver.url, eventTypes, ordered: false })
      for (const query of ['1', '2', '3']) await say(hilo, 'one', query)
      await receiver.waitFor(3)
      await until(() => countWaiting(hilo), (count) => count === 1)
    })

    test('what waits is ordered as its endpoint is from a change on', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes: { ...webhookTimes, retryDelaysMs: [3_600_000] } })
      const receiver = await startReceiver(t, (_, index) => ({ status: index === 0 ? 500 : 200 }))
      const { id } = await createEndpoint(hilo, { url: receiver.url, eventTypes })
      const order = (ordered: boolean) => hilo.request('PATCH', `/api/webhook-endpoints/${id}`, { body: { ordered } })
      await say(hilo, 'one', '1')
      await until(() => readAttempts(hilo, id), (attempts) => attempts.length === 1)
      await say(hilo, 'one', '2')
      await order(false)
      await receiver.waitFor(2) // '2' does not wait for '1' any more
      await until(() => countWaiting(hilo), (count) => count === 1)
      await order(true)
      await say(hilo, 'one', '3')
      await until(() => countWaiting(hilo), (count) => count === 2)
      await hilo.request('POST', `/api/webhook-endpoints/${id}/redeliver`, { body: { failed: true } })
      assert.deepEqual(Object.values(textsOf(await receiver.waitFor(4))), [['1', '2', '1', '3']])
    })

    test('a test that is answered 410 disables nothing, and does not say so', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes })
      const receiver = await startReceiver(t, () => ({ status: 410 }))
      const { id } = await createEndpoint(hilo, { url: receiver.url, eventTypes })
      const { body } = await hilo.request('POST', `/api/webhook-endpoints/${id}/test`)
      assert.equal(body.error, 'The receiver answered 410: it is gone.')
      assert.equal((await readEndpoint(hilo, id)).isEnabled, true)
    })

    test('410 disables the endpoint, which is an event; enabling it sends what was missed', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes: { ...webhookTimes, retryDelaysMs: [] } })
      const receiver = await startReceiver(t, (_, index) => ({ status: index === 0 ? 410 : 200 }))
      const other = await startReceiver(t)
      const { id, url } = await createEndpoint(hilo, { url: receiver.url, eventTypes })
      await createEndpoint(hilo, { url: other.url, eventTypes: ['webhook.disabled'] })
      await say(hilo, 'one', '1')
      const [{ event }] = await other.waitFor(1) as [Received]
      assert.deepEqual((event.data as { webhookEndpoint: object }).webhookEndpoint, { id, url })
      const { isEnabled, disabledReason } = await readEndpoint(hilo, id)
      assert.equal(isEnabled, false)
      assert.match(disabledReason ?? '', /410/)
      await say(hilo, 'one', '2')
      await hilo.request('PATCH', `/api/webhook-endpoints/${id}`, { body: { isEnabled: true } })
      assert.deepEqual(Object.values(textsOf(await receiver.waitFor(3))), [['1', '1', '2']])
      assert.equal((await readEndpoint(hilo, id)).disabledReason, null)
    })

    test('an endpoint that accepted nothing for five days is disabled', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes })
      const receiver = await startReceiver(t, () => ({ status: 503 }))
      const { id } = await createEndpoint(hilo, { url: receiver.url, eventTypes })
      await hilo.asOwner((tx) => tx.updateTable('webhook_endpoints').where('id', '=', id)
        .set({ failing_since: new Date(Date.now() - 5.1 * 86_400_000) }).execute())
      await say(hilo, 'one', '1')
      const { disabledReason } = await until(() => readEndpoint(hilo, id), ({ isEnabled }) => !isEnabled)
      assert.match(disabledReason ?? '', /five days/)
    })

    test('Retry-After is waited for, by every conversation', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes })
      const receiver = await startReceiver(t, () => ({ status: 429, headers: { 'retry-after': '3600' } }))
      const { id } = await createEndpoint(hilo, { url: receiver.url, eventTypes })
      await say(hilo, 'one', '1')
      const [attempt] = await until(() => readAttempts(hilo, id), (attempts) => attempts.length > 0)
      const waitMs = Date.parse(attempt!.nextAttemptAt!) - Date.parse(attempt!.createdAt)
      assert.ok(waitMs >= 3_600_000 && waitMs < 3_700_000, String(waitMs))
      await say(hilo, 'two', '2')
      await until(async () => (await readEndpoint(hilo, id)).lastSeq, (lastSeq) => lastSeq >= attempt!.seq! + 2)
      assert.equal(receiver.received.length, 1)
    })

    test('a redirect is a failure and is not followed; what the receiver answers is kept, up to a KiB', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes: { ...webhookTimes, retryDelaysMs: [] } })
      const target = await startReceiver(t)
      const receiver = await startReceiver(t, () => (
        { status: 302, headers: { location: target.url }, body: `\0moved${'.'.repeat(5000)}` }
      ))
      const { id } = await createEndpoint(hilo, { url: receiver.url, eventTypes })
      await say(hilo, 'one', '1')
      const [attempt] = await until(() => readAttempts(hilo, id), (attempts) => attempts.length > 0)
      assert.deepEqual([attempt!.status, attempt!.isDelivered, attempt!.nextAttemptAt], [302, false, null])
      assert.match(attempt!.error!, /redirects are not followed/)
      assert.match(attempt!.answer!, /^\ufffdmoved\.+$/)
      assert.equal(attempt!.answer!.length, 1024)
      assert.equal(target.received.length, 0)
    })

    test('a receiver that hangs slows no other', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes: { ...webhookTimes, timeoutMs: 60_000 } })
      const hanging = await startReceiver(t, () => ({}))
      const receiver = await startReceiver(t)
      await createEndpoint(hilo, { url: hanging.url, eventTypes })
      await createEndpoint(hilo, { url: receiver.url, eventTypes })
      const messages = Array.from({ length: 60 }, (_, index) => ({ conversationId: `c${index}`, query: String(index) }))
      const { status } = await hilo.request('POST', `/api/agents/${hilo.agentId}/messages`, { body: { messages } })
      assert.equal(status, 200)
      await receiver.waitFor(60)
      assert.ok(hanging.received.length <= 30, String(hanging.received.length))
    })

    test('many receivers that are slow leave places for others', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes: { ...webhookTimes, timeoutMs: 60_000 } })
      const slow = await startReceiver(t, () => ({}))
      for (let count = 0; count < 20; count += 1) await createEndpoint(hilo, { url: slow.url, eventTypes })
      const neighbour = await hilo.createNeighbour()
      const receiver = await startReceiver(t)
      await createEndpoint(neighbour, { url: receiver.url, eventTypes })
      const messages = Array.from({ length: 40 }, (_, index) => ({ conversationId: `c${index}`, query: String(index) }))
      await hilo.request('POST', `/api/agents/${hilo.agentId}/messages`, { body: { messages } })
      await slow.waitFor(300)
      await say(neighbour, 'one', '1')
      await receiver.waitFor(1)
    })

    test('an event that is refused too often is given up, and sent again when asked for', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes: { ...webhookTimes, retryDelaysMs: [1, 1] } })
      let isUp = false
      const receiver = await startReceiver(t, () => ({ status: isUp ? 200 : 500 }))
      const { id, secret } = await createEndpoint(hilo, { url: receiver.url, eventTypes })
      await say(hilo, 'one', '1')
      await say(hilo, 'one', '2')
      await receiver.waitFor(6)
      await until(() => readAttempts(hilo, id), (attempts) => attempts.length === 6)
      isUp = true
      const redeliver = (body: object) => hilo.request('POST', `/api/webhook-endpoints/${id}/redeliver`, { body })
      assert.deepEqual((await redeliver({ failed: true })).body, { queued: 2, nextFromSeq: null })
      const [first, second] = (await receiver.waitFor(8)).slice(6)
      verify(secret, first!)
      assert.deepEqual(Object.values(textsOf([first!, second!])), [['1', '2']])
      await until(() => countWaiting(hilo), (count) => count === 0)
      assert.deepEqual((await redeliver({ failed: true })).body, { queued: 0, nextFromSeq: null })

      const seqs = [first!.event.seq, second!.event.seq] as const
      assert.equal((await redeliver({ seq: seqs[1] })).body.queued, 1)
      assert.equal((await receiver.waitFor(9)).at(-1)!.event.id, second!.event.id)
      await until(() => countWaiting(hilo), (count) => count === 0)
      assert.equal((await redeliver({ fromSeq: seqs[0] })).body.queued, 2)
      await receiver.waitFor(11)
      await until(() => countWaiting(hilo), (count) => count === 0)
      assert.equal((await redeliver({ from: first!.event.timestamp, to: second!.event.timestamp })).body.queued, 2)
      await receiver.waitFor(13)
      await until(() => countWaiting(hilo), (count) => count === 0)
      assert.equal((await redeliver({ fromSeq: seqs[0], to: first!.event.timestamp })).body.queued, 1)
      await receiver.waitFor(14)
    })

    test('what waits for its next try begins at once when asked for, as many together as at first', async (t) => {
      const times = { ...webhookTimes, retryDelaysMs: [3_600_000], timeoutMs: 60_000 }
      const hilo = await startAlone(t, database, { webhookTimes: times })
      const receiver = await startReceiver(t, (_, index) => (index < 4 ? { status: 500 } : {}))
      const { id } = await createEndpoint(hilo, { url: receiver.url, eventTypes })
      for (const name of ['a', 'b', 'c', 'd']) await say(hilo, name, name)
      await until(() => readAttempts(hilo, id), (attempts) => attempts.length === 4)
      await hilo.request('POST', `/api/webhook-endpoints/${id}/redeliver`, { body: { failed: true } })
      const again = (await receiver.waitFor(8)).slice(4)
      assert.deepEqual(Object.values(textsOf(again)).flat().sort(), ['a', 'b', 'c', 'd'])
    })

    test('a restart in the middle loses nothing', async (t) => {
      const first = await startAlone(t, database, { webhookTimes: { ...webhookTimes, timeoutMs: 60_000 } })
      let isUp = false
      const receiver = await startReceiver(t, () => (isUp ? { status: 200 } : {}))
      await createEndpoint(first, { url: receiver.url, eventTypes })
      for (const name of ['a', 'b', 'c']) await say(first, name, name)
      await receiver.waitFor(3)
      await first.stop()
      isUp = true
      await startAlone(t, database, { webhookTimes })
      const again = (await receiver.waitFor(6)).slice(3)
      assert.deepEqual(Object.values(textsOf(again)).flat().sort(), ['a', 'b', 'c'])
    })

    test('while a secret is changed both sign, and then the new one alone', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes })
      const receiver = await startReceiver(t)
      const { id, secret } = await createEndpoint(hilo, { url: receiver.url, eventTypes })
      const rotate = (body?: object) => hilo.request('POST', `/api/webhook-endpoints/${id}/rotate-secret`, { body })
      const { body: second } = await rotate()
      assert.ok(Date.parse(second.oldSecretUntil) > Date.now())
      await say(hilo, 'one', '1')
      const [both] = await receiver.waitFor(1)
      verify(secret, both!)
      verify(second.secret, both!)
      const { body: third } = await rotate({ overlapSeconds: 0 })
      await say(hilo, 'one', '2')
      const [, alone] = await receiver.waitFor(2)
      verify(third.secret, alone!)
      for (const old of [secret, second.secret]) assert.throws(() => verify(old, alone!))
    })

    test('filters keep away what is not wanted', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes })
      const { body: agent } = await hilo.request('POST', '/api/agents', { body: { name: 'Other' } })
      const [byAgent, byChannel, byType] = [await startReceiver(t), await startReceiver(t), await startReceiver(t)]
      await createEndpoint(hilo, { url: byAgent.url, agentId: agent.id })
      await createEndpoint(hilo, { url: byChannel.url, channel: 'whatsapp', eventTypes })
      await createEndpoint(hilo, { url: byType.url, eventTypes: ['contact.created', 'conversation.status_changed'] })
      await record(hilo, { conversationId: 'one', query: 'here', contact: { userId: 'u1' } })
      await record({ ...hilo, agentId: agent.id }, { conversationId: 'two', query: 'other agent' })
      await record(hilo, { channel: 'whatsapp', visitorId: '5491155550000', query: 'other channel' })
      await hilo.request('PATCH', '/api/conversations/one', { body: { status: 'RESOLVED' } })
      const types = (received: Received[]) => received.map(({ event }) => event.type).sort()
      assert.deepEqual(types(await byAgent.waitFor(2)), ['conversation.created', 'message.created'])
      assert.deepEqual(Object.values(textsOf(await byChannel.waitFor(1))), [['other channel']])
      await byType.waitFor(2)
      await until(() => countWaiting(hilo), (count) => count === 0)
      assert.ok(types(byType.received).every((type) => type !== 'message.created'))
      assert.equal(byAgent.received.length, 2)
      assert.equal(byChannel.received.length, 1)
    })
  })
}
