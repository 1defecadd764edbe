import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { OpenDatabase } from '../database/open.ts'
import { ask, query, readTurns, setModel } from '../test/answers.ts'
import { answerTimes, type AnswerData, startAsync, takeSecret } from '../test/async-answers.ts'
import { assertRefused, record } from '../test/query-agent.ts'
import { recordMessages } from '../test/record-messages.ts'
import { readEvents, readMessages, readRows } from '../test/rows.ts'
import { openPieces } from '../test/scripted-model.ts'
import { databases, skipWithout, startAlone, startHilo } from '../test/start-hilo.ts'
import { openTestDatabase } from '../test/test-databases.ts'
import { startReceiver } from '../test/webhook-receiver.ts'
import { countWaiting, createEndpoint, readAttempts, readEndpoint, until, webhookTimes } from '../test/webhooks.ts'

const endpoints = '/api/webhook-endpoints'
const textOf = ({ message }: AnswerData) => message?.text

for (const kind of databases) {
  describe(`asynchronous answers on ${kind}`, skipWithout(kind), () => {
    let database: OpenDatabase
    before(async () => {
      database = await openTestDatabase(kind)
    })
    after(() => database.close())

    test('a call returns before the model answers, with five fields; the signed answer goes to its address', async (t) => {
      const slow = openPieces()
      const { hilo, open } = await startAsync(t, database, { answer: (_, index) => (index === 0 ? slow : { text: 'Hi.' }) })
      const receiver = await startReceiver(t)
      const { messageId, conversationId, ...rest } = await ask(hilo, { webhookUrl: receiver.url, visitorId: 'v' })
      assert.deepEqual(rest, { visitorId: 'v', request_human: false, status: 'UNRESOLVED' })
      assert.deepEqual((await readMessages(hilo)).map(({ id }) => id), [messageId])
      slow.say('¡Hola! ')
      slow.say('😀')
      slow.end()
      const [answer] = (await receiver.waitFor(1)).map(open)
      assert.equal(answer!.message!.text, '¡Hola! 😀')
      assert.equal(answer!.message!.author.kind, 'ai')
      assert.equal(answer!.conversationId, conversationId)
      const [turn] = await readTurns(hilo, conversationId)
      assert.deepEqual(answer!.turn, {
        id: turn.id, agentId: hilo.agentId, messageIds: [messageId], part: 1, parts: 1,
      })
      for (const name of ['webhook_url', 'callbackUrl']) {
        assert.equal((await ask(hilo, { [name]: receiver.url, conversationId: name })).answer, undefined)
      }
      await receiver.waitFor(3)
      await until(() => countWaiting(hilo), (count) => count === 0)
      assert.equal(receiver.received.length, 3)
    })

    test('an agent that is set so answers to its own address, unless the call names another', async (t) => {
      const { hilo, open } = await startAsync(t, database, { answer: () => ({ text: 'Hi.' }) })
      const [own, other] = [await startReceiver(t), await startReceiver(t)]
      const { status } = await hilo.request('PATCH', `/api/agents/${hilo.agentId}`, {
        body: { conversationalMode: { isEnabled: true, webhookUrl: own.url } },
      })
      assert.equal(status, 200)
      const { messageId: first } = await ask(hilo, {})
      const { messageId: second } = await ask(hilo, { webhookUrl: other.url })
      assert.deepEqual(open((await own.waitFor(1))[0]!).turn.messageIds, [first])
      assert.deepEqual(open((await other.waitFor(1))[0]!).turn.messageIds, [second])
      await until(() => countWaiting(hilo), (count) => count === 0)
      assert.deepEqual([own.received.length, other.received.length], [1, 1])
    })

    test('without an address the channel api is refused; on others the answer is in the conversation', async (t) => {
      const { hilo } = await startAsync(t, database, { answer: () => ({ text: 'Hi.' }) })
      await hilo.request('PATCH', `/api/agents/${hilo.agentId}`, { body: { conversationalMode: { isEnabled: true } } })
      assertRefused(await query(hilo, {}), { status: 400, code: 'INVALID_REQUEST', field: 'webhookUrl' })
      assert.equal((await readMessages(hilo)).length, 0)
      const { answer } = await ask(hilo, { channel: 'website', conversationId: 'c' })
      assert.equal(answer, undefined)
      await until(() => readMessages(hilo), (rows) => rows.length === 2)
    })

    test('a private address is refused, and nothing is recorded', async (t) => {
      const hilo = await startHilo(t, kind)
      for (const webhookUrl of ['http://example.com/', 'https://127.0.0.1/', 'https://10.0.0.1/', 'https://localhost/', 'no']) {
        assertRefused(await query(hilo, { webhookUrl }), { status: 400, code: 'INVALID_REQUEST', field: 'webhookUrl' })
      }
      assert.deepEqual([await readMessages(hilo), await readRows(hilo, 'webhook_endpoints')], [[], []])
    })

    test('a split answer arrives in its parts, in order, also if the receiver is down at first', async (t) => {
      const { hilo, open } = await startAsync(t, database, {
        answer: () => ({ text: 'One.\n\nTwo:\n- a\n- b\n\nThree.' }),
        settings: { conversationalMode: { isEnabled: false, splitsAnswers: true } },
      })
      const receiver = await startReceiver(t, (_, index) => ({ status: index < 3 ? 503 : 204 }))
      const { messageId } = await ask(hilo, { webhookUrl: receiver.url })
      const received = (await receiver.waitFor(6)).map(open)
      assert.deepEqual(received.map(textOf), ['One.', 'One.', 'One.', 'One.', 'Two:\n- a\n- b', 'Three.'])
      assert.deepEqual(received.slice(3).map(({ turn: { part, parts } }) => [part, parts]), [[1, 3], [2, 3], [3, 3]])
      assert.ok(received.every(({ turn }) => turn.messageIds[0] === messageId))
      const byAi = (await readMessages(hilo)).filter((row) => row.author_kind === 'ai')
      assert.deepEqual(byAi.map(({ text }) => text), ['One.', 'Two:\n- a\n- b', 'Three.'])
    })

    test('whoever waits hears that the model failed, or that a human took over', async (t) => {
      const slow = openPieces()
      const { hilo, model, open } = await startAsync(t, database, {
        answer: (_, index) => (index === 0 ? slow : { status: 400 }),
      })
      const receiver = await startReceiver(t)
      const first = await ask(hilo, { webhookUrl: receiver.url, conversationId: 'a' })
      await model.waitFor(1)
      await record(hilo, { query: 'I do.', conversationId: 'a', author: { kind: 'human' } })
      slow.end()
      const [taken] = await receiver.waitFor(1)
      assert.equal(taken!.event.type, 'turn.finished')
      const { turn, conversation } = open(taken!)
      assert.deepEqual([turn.outcome, turn.messageIds], ['human_took_over', [first.messageId]])
      assert.equal(conversation!.id, first.conversationId)
      const second = await ask(hilo, { webhookUrl: receiver.url, conversationId: 'b' })
      const [, failed] = await receiver.waitFor(2)
      assert.equal(failed!.event.type, 'turn.failed')
      const { turn: { outcome, messageIds }, error } = open(failed!)
      assert.deepEqual([outcome, messageIds, error!.code], ['failed', [second.messageId], 'MODEL_UNAVAILABLE'])
      assert.ok(error!.message.length > 10)
    })

    test('where the AI is off the call says so, and nothing more comes; but if it goes off later, that comes', async (t) => {
      const { hilo, model, open } = await startAsync(t, database, {
        answer: () => ({ text: 'Hi.' }), settings: { burstWindowMs: 60_000, burstMaxWaitMs: 60_000 },
      })
      const receiver = await startReceiver(t)
      const waiting = await ask(hilo, { webhookUrl: receiver.url, conversationId: 'c' })
      assert.equal(waiting.request_human, false)
      await hilo.request('PATCH', '/api/conversations/c', { body: { isAiEnabled: false } })
      const told = await ask(hilo, { webhookUrl: `${receiver.url}?told`, conversationId: 'c' })
      assert.equal(told.request_human, true)
      const [one] = await receiver.waitFor(1)
      assert.deepEqual([one!.event.type, open(one!).turn.outcome], ['turn.finished', 'ai_off'])
      await until(() => countWaiting(hilo), (count) => count === 0)
      assert.deepEqual([receiver.received.length, model.requests.length], [1, 0])
      assert.equal((await readAttempts(hilo, (await takeSecret(hilo)).id))[0]!.url, receiver.url)
    })

    test('nothing more comes either where the message was there before, or its first call failed', async (t) => {
      const { hilo } = await startAsync(t, database, { answer: () => ({ status: 400 }) })
      const receiver = await startReceiver(t)
      await recordMessages(hilo, [{ from: 'contact', query: 'Hola', conversationId: 'recorded', externalId: 'recorded' }])
      await ask(hilo, { webhookUrl: receiver.url, conversationId: 'failed', externalId: 'failed' })
      assert.equal((await receiver.waitFor(1))[0]!.event.type, 'turn.failed')
      for (const name of ['recorded', 'failed']) {
        await hilo.request('POST', `/api/conversations/${name}/handoff`)
        const told = await ask(hilo, { webhookUrl: receiver.url, conversationId: name, externalId: name })
        assert.equal(told.request_human, true)
        await until(() => readTurns(hilo, name), (turns) => turns.at(-1)?.outcome === 'ai_off')
      }
      const ends = (await readEvents(hilo)).map(({ type }) => type).filter((type) => type.startsWith('turn.'))
      assert.deepEqual(ends, ['turn.failed'])
    })

    test('questions that are answered together go to each address once, and the event to other endpoints as ever', async (t) => {
      const slow = openPieces()
      const { hilo, model, endpoint, open } = await startAsync(t, database, {
        answer: (_, index) => (index === 0 ? slow : { text: 'To all.' }),
      })
      const [first, listener] = [await startReceiver(t), await startReceiver(t)]
      const { promise: settled, resolve } = Promise.withResolvers<void>()
      const second = await startReceiver(t, (_, index) => ({ status: index === 0 ? 503 : 204, after: settled }))
      const { secret } = await createEndpoint(hilo, { url: listener.url, agentId: hilo.agentId, eventTypes: ['message.created'] })
      assert.notEqual(secret, endpoint.secret)
      await ask(hilo, { query: '1', conversationId: 'c', webhookUrl: first.url })
      await model.waitFor(1)
      const others = [ask(hilo, { query: '2', conversationId: 'c', webhookUrl: second.url }),
        ask(hilo, { query: '3', conversationId: 'c', webhookUrl: second.url })]
      await Promise.all(others)
      slow.end()
      await until(() => readAttempts(hilo, endpoint.id), ({ length }) => length === 1)
      resolve()
      const received = [(await first.waitFor(1))[0]!, (await second.waitFor(2))[1]!]
      assert.deepEqual(received.map((one) => textOf(open(one))), ['To all.', 'To all.'])
      assert.equal(open(received[0]!).turn.messageIds.length, 3)
      assert.equal(received[0]!.event.id, received[1]!.event.id)
      await listener.waitFor(4)
      await until(() => countWaiting(hilo), (count) => count === 0)
      assert.deepEqual([first, second, listener].map((one) => one.received.length), [1, 2, 4])
    })

    test('an address that is gone, or wants to be left alone, holds up no other, even in its conversation', async (t) => {
      const { hilo, endpoint } = await startAsync(t, database, { answer: () => ({ text: 'Hi.' }) })
      let isUp = false
      const gone = await startReceiver(t, () => ({ status: isUp ? 200 : 410 }))
      const busy = await startReceiver(t, () => ({ status: 429, headers: { 'retry-after': '3600' } }))
      const good = await startReceiver(t)
      await ask(hilo, { conversationId: 'c', webhookUrl: gone.url })
      await gone.waitFor(1)
      await ask(hilo, { conversationId: 'c', webhookUrl: busy.url })
      await busy.waitFor(1)
      await ask(hilo, { conversationId: 'c', webhookUrl: good.url })
      await good.waitFor(1)
      const attempts = await until(() => readAttempts(hilo, endpoint.id), ({ length }) => length === 3)
      const inOrder = attempts.toReversed()
      assert.deepEqual(inOrder.map(({ url, status, nextAttemptAt }) => [url, status, nextAttemptAt !== null]), [
        [gone.url, 410, false], [busy.url, 429, true], [good.url, 204, false],
      ])
      const { isEnabled, failingSince } = await readEndpoint(hilo, endpoint.id)
      assert.deepEqual([isEnabled, failingSince], [true, null])
      isUp = true
      const again = { body: { seq: attempts[2]!.seq } }
      const { body } = await hilo.request('POST', `${endpoints}/${endpoint.id}/redeliver`, again)
      assert.deepEqual(body, { queued: 1, nextFromSeq: null })
      await gone.waitFor(2)
      await until(() => countWaiting(hilo), (count) => count === 1)
    })

    test('addresses that hang leave others their places', async (t) => {
      const { hilo } = await startAsync(t, database, { answer: () => ({ text: 'Hi.' }), times: { timeoutMs: 60_000 } })
      const [hanging, good] = [await startReceiver(t, () => ({})), await startReceiver(t)]
      await Promise.all(Array.from({ length: 40 }, (_, index) => ask(hilo, { webhookUrl: `${hanging.url}?${index}` })))
      await hanging.waitFor(30)
      await ask(hilo, { webhookUrl: good.url })
      await good.waitFor(1)
      assert.equal(hanging.received.length, 30)
    })

    test('the endpoint of answers stands among the others; it is not made, aimed or deleted by hand', async (t) => {
      const { hilo, endpoint } = await startAsync(t, database, { answer: () => ({ text: 'Hi.' }) })
      const { body: { items: [shown, ...others] } } = await hilo.request('GET', endpoints)
      assert.deepEqual([{ ...shown, secret: endpoint.secret }, others], [endpoint, []])
      assert.deepEqual([shown.kind, shown.url, shown.agentId], ['answers', null, hilo.agentId])
      const path = `${endpoints}/${endpoint.id}`
      const foreign = { url: 'https://example.com', eventTypes: null, agentId: null, ignoreOwn: true }
      for (const [field, value] of Object.entries(foreign)) {
        const answer = await hilo.request('PATCH', path, { body: { [field]: value } })
        assertRefused(answer, { status: 400, code: 'INVALID_REQUEST', field })
      }
      assert.equal((await hilo.request('PATCH', path, { body: { description: 'For n8n' } })).body.description, 'For n8n')
      assertRefused(await hilo.request('DELETE', path), { status: 400, code: 'INVALID_REQUEST' })
      assertRefused(await hilo.request('POST', `${path}/test`), { status: 400, code: 'INVALID_REQUEST' })
      const receiver = await startReceiver(t)
      await hilo.request('PATCH', `/api/agents/${hilo.agentId}`, {
        body: { conversationalMode: { isEnabled: true, webhookUrl: receiver.url } },
      })
      assert.equal((await hilo.request('POST', `${path}/test`)).body.isDelivered, true)
      assert.equal((await hilo.request('GET', endpoints)).body.items.length, 1)
    })

    test('of calls that come at once, one makes the endpoint', async (t) => {
      const { hilo, model } = await startAsync(t, database, { answer: () => ({ text: 'Hi.' }) })
      const { body: { id: agentId } } = await hilo.request('POST', '/api/agents', { body: { name: 'New' } })
      const fresh = { ...hilo, agentId: agentId as string }
      await setModel(fresh, model.baseUrl)
      const receiver = await startReceiver(t)
      await Promise.all(Array.from({ length: 10 }, () => ask(fresh, { webhookUrl: receiver.url })))
      await receiver.waitFor(10)
      const rows = await readRows(hilo, 'webhook_endpoints')
      assert.equal(rows.filter((row) => row.agent_id === agentId).length, 1)
    })

    test('a repeat neither asks nor delivers again', async (t) => {
      const { hilo, model } = await startAsync(t, database, { answer: () => ({ text: 'Hi.' }) })
      const receiver = await startReceiver(t)
      const call = () => ask(hilo, { webhookUrl: receiver.url, conversationId: 'c' }, { headers: { 'idempotency-key': 'k' } })
      const first = await Promise.all([call(), call(), call()])
      await receiver.waitFor(1)
      const later = await call()
      for (const one of [...first, later]) assert.deepEqual(one, later)
      await until(() => countWaiting(hilo), (count) => count === 0)
      assert.deepEqual([receiver.received.length, model.requests.length, (await readMessages(hilo)).length], [1, 1, 2])
    })

    test('a repeat of a call that still waits is refused, as nothing would be sent to it', async (t) => {
      const slow = openPieces()
      const { hilo, model } = await startAsync(t, database, { answer: () => slow })
      const { url: webhookUrl } = await startReceiver(t)
      const first = ask(hilo, { externalId: 'e1' })
      await model.waitFor(1)
      assertRefused(await query(hilo, { externalId: 'e1', webhookUrl }), { status: 409, code: 'TURN_IN_PROGRESS' })
      slow.say('Hi.')
      slow.end()
      assert.equal((await first).answer, 'Hi.')
      assert.equal((await query(hilo, { externalId: 'e1', webhookUrl })).status, 200)
    })

    test('a server that is stopped in the midst of a turn, and started again, delivers one answer', async (t) => {
      const stuck = openPieces()
      const { hilo, model, open } = await startAsync(t, database, {
        answer: (_, index) => (index === 0 ? stuck : { text: 'Hi.' }),
      })
      const receiver = await startReceiver(t)
      const { conversationId } = await ask(hilo, { webhookUrl: receiver.url })
      await model.waitFor(1)
      stuck.say('Ho')
      await hilo.stop()
      const again = await startAlone(t, database, { webhookTimes, answerTimes })
      assert.deepEqual((await receiver.waitFor(1)).map((one) => textOf(open(one))), ['Hi.'])
      const reach = { ...hilo, url: again.url }
      await until(() => countWaiting(reach), (count) => count === 0)
      assert.equal(receiver.received.length, 1)
      assert.deepEqual((await readMessages(reach)).map(({ text }) => text), ['Hola', 'Hi.'])
      const turns = await reach.asOwner((tx) => tx.selectFrom('turns').select('outcome')
        .where('conversation_id', '=', conversationId).orderBy('started_at').execute())
      assert.deepEqual(turns.map(({ outcome }) => outcome), ['interrupted', 'answered'])
    })
  })
}
