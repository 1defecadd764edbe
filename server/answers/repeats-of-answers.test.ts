import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ask, askAndLeave, query, readTurns, setModel, startAnswering } from '../test/answers.ts'
import { assertRefused, record } from '../test/query-agent.ts'
import { recordMessages } from '../test/record-messages.ts'
import { readMessages } from '../test/rows.ts'
import { openPieces, startScriptedModel } from '../test/scripted-model.ts'
import { databases, type Hilo, skipWithout, startAlone, startAnother, startHilo } from '../test/start-hilo.ts'
import { openTestDatabase } from '../test/test-databases.ts'

const conversationId = 'c'

/** Both ways to say that a call is one that was made before. */
const ways = {
  'Idempotency-Key': { said: { query: 'Hola', conversationId }, headers: { 'idempotency-key': 'k1' } },
  'externalId': { said: { query: 'Hola', conversationId, externalId: 'e1' }, headers: {} },
}

const byWay = Object.entries(ways)

async function countOfCustomer(hilo: Hilo): Promise<number> {
  return (await readMessages(hilo)).filter((row) => row.author_kind === 'contact').length
}

for (const database of databases) {
  describe(`repeated questions on ${database}`, skipWithout(database), () => {
    for (const [name, { said, headers }] of byWay) {
      test(`${name}: a finished call gets its answer again, and the model is not asked`, async (t) => {
        const { hilo, model } = await startAnswering(t, database, {
          script: () => ({ text: 'Uno.\n\nDos. 100%', usage: { prompt_tokens: 7, completion_tokens: 3 } }),
        })
        const first = await query(hilo, said, { headers })
        await ask(hilo, { query: 'Otra', conversationId })
        await hilo.request('POST', `/api/conversations/${conversationId}/handoff`)
        const again = await query(hilo, said, { headers })
        assert.deepEqual([first.status, again.status], [200, 200])
        assert.deepEqual(again.body, first.body)
        assert.equal(first.headers.get('idempotent-replay'), null)
        assert.equal(again.headers.get('idempotent-replay'), 'true')
        assert.equal(model.requests.length, 2)
        assert.equal((await readMessages(hilo)).length, 4)
      })

      test(`${name}: a finished call that streams is answered again as a stream`, async (t) => {
        const { hilo, model } = await startAnswering(t, database, { script: () => ({ pieces: ['Uno', ' dos'] }) })
        const streaming = { ...said, streaming: true }
        const first = await query(hilo, streaming, { headers })
        const again = await query(hilo, streaming, { headers })
        assert.equal(again.headers.get('content-type'), 'text/event-stream; charset=utf-8')
        assert.equal(again.headers.get('idempotent-replay'), 'true')
        const whole = (text: string) => /^event: endpoint_response\ndata: (.*)$/m.exec(text)![1]
        assert.equal(whole(again.body), whole(first.body))
        assert.ok(again.body.startsWith('event: answer\ndata: Uno dos\n\n') && again.body.endsWith('data: [DONE]\n\n'))
        assert.equal(model.requests.length, 1)
      })

      test(`${name}: while the first call runs the second waits, and gets the same`, async (t) => {
        const slow = openPieces()
        const { hilo, model } = await startAnswering(t, database, { script: () => slow })
        const calls = [query(hilo, said, { headers })]
        await model.waitFor(1)
        calls.push(query(hilo, said, { headers }), query(hilo, said, { headers }))
        slow.say('Hi.')
        slow.end()
        const [first, ...others] = await Promise.all(calls)
        assert.deepEqual([first!.status, first!.body.answer], [200, 'Hi.'])
        for (const { body } of others) assert.deepEqual(body, first!.body)
        assert.equal(model.requests.length, 1)
      })

      test(`${name}: after a failure the AI is asked again, and the message stays one`, async (t) => {
        const { hilo, model } = await startAnswering(t, database, {
          script: (_, index) => (index === 0 ? { status: 400 } : { text: 'Hi.' }),
        })
        const failed = await query(hilo, said, { headers })
        assertRefused(failed, { status: 502, code: 'MODEL_UNAVAILABLE' })
        const answers = await Promise.all([ask(hilo, said, { headers }), ask(hilo, said, { headers })])
        assert.deepEqual(answers.map(({ answer }) => answer), ['Hi.', 'Hi.'])
        assert.equal(answers[0].messageId, answers[1].messageId)
        assert.equal(model.requests.length, 2)
        assert.equal(await countOfCustomer(hilo), 1)
        assert.deepEqual((await readTurns(hilo, conversationId)).map(({ outcome }) => outcome), ['failed', 'answered'])
      })

      test(`${name}: after the caller went away the AI is asked again`, async (t) => {
        const slow = openPieces()
        const { hilo, model } = await startAnswering(t, database, {
          script: (_, index) => (index === 0 ? slow : { text: 'Hi.' }),
        })
        const leaving = new AbortController()
        // By externalId in both ways: the header is not the same call as the body.
        const gone = askAndLeave(hilo, { ...said, externalId: 'e1' }, leaving.signal)
        await model.waitFor(1)
        leaving.abort()
        await assert.rejects(gone)
        assert.equal((await ask(hilo, { ...said, externalId: 'e1' })).answer, 'Hi.')
        assert.equal(await countOfCustomer(hilo), 1)
      })

      test(`${name}: after a stop in the midst of it the next process asks again`, async (t) => {
        const opened = await openTestDatabase(database)
        const hilo = await startAlone(t, opened, { answerTimes: { patienceMs: 0 } })
        t.after(() => opened.close())
        const model = await startScriptedModel(t, (_, index) => (index === 0 ? { hang: true } : { text: 'Hi.' }))
        await setModel(hilo, model.baseUrl)
        const interrupted = query(hilo, said, { headers })
        await model.waitFor(1)
        await hilo.stop()
        const { status, body } = await interrupted
        assert.deepEqual([status, body.code], [503, 'UNAVAILABLE'])
        const next = await startAnother(t, hilo)
        assert.equal((await ask(next, said, { headers })).answer, 'Hi.')
        assert.equal(await countOfCustomer(next), 1)
        const outcomes = (await readTurns(next, conversationId)).map(({ outcome }) => outcome)
        assert.deepEqual(outcomes, ['interrupted', 'answered'])
      })
    }

    test('a repeat that waited long enough is told that the first call runs, which is none the worse for it', async (t) => {
      const slow = openPieces()
      const hilo = await startHilo(t, database, { allowPrivateTargets: true, answerTimes: { repeatMs: 1_000 } })
      const model = await startScriptedModel(t, () => slow)
      await setModel(hilo, model.baseUrl)
      const { said, headers } = ways['Idempotency-Key']
      const first = ask(hilo, said, { headers })
      await model.waitFor(1)
      assertRefused(await query(hilo, said, { headers }), { status: 409, code: 'TURN_IN_PROGRESS' })
      slow.say('Hi.')
      slow.end()
      const { messageId } = await first
      assert.equal((await ask(hilo, said, { headers })).messageId, messageId)
    })

    test('a repeat for which the AI is asked anew waits for it as long as a first call does', async (t) => {
      const slow = openPieces()
      const hilo = await startHilo(t, database, { allowPrivateTargets: true, answerTimes: { repeatMs: 50 } })
      const model = await startScriptedModel(t, (_, index) => (index === 0 ? { status: 400 } : slow))
      await setModel(hilo, model.baseUrl)
      const said = { conversationId, externalId: 'e1' }
      assert.equal((await query(hilo, said)).status, 502)
      const again = ask(hilo, said)
      await model.waitFor(2)
      assertRefused(await query(hilo, said), { status: 409, code: 'TURN_IN_PROGRESS' }) // its limit is the later one
      slow.say('Hi.')
      slow.end()
      assert.equal((await again).answer, 'Hi.')
      assert.equal(model.requests.length, 2)
    })

    test('an Idempotency-Key with another body is refused, whatever became of the first', async (t) => {
      const { hilo, model } = await startAnswering(t, database)
      const headers = { 'idempotency-key': 'k1' }
      await ask(hilo, { query: 'Uno', conversationId }, { headers })
      for (const other of [{ query: 'Dos' }, { temperature: 0.5 }, { streaming: true }]) {
        assertRefused(await query(hilo, { query: 'Uno', conversationId, ...other }, { headers }), {
          status: 422, code: 'IDEMPOTENCY_KEY_REUSED',
        })
      }
      assert.deepEqual([model.requests.length, await countOfCustomer(hilo)], [1, 1])
    })

    test('what the customer wrote and was recorded before is asked about, at its place, and stays one', async (t) => {
      const { hilo, model } = await startAnswering(t, database)
      const [recorded] = await recordMessages(hilo, [
        { from: 'contact', query: 'Hola', conversationId, externalId: 'e1' },
        { query: 'One moment.', conversationId, author: { kind: 'agent' } },
      ])
      const first = await ask(hilo, { query: 'Hola', conversationId, externalId: 'e1' })
      assert.equal(first.answer, 'Hi.')
      assert.deepEqual(model.requests[0]!.messages.slice(1).map(({ content }) => content), [
        'Hola', '[Colleague] One moment.', '(The customer waits for an answer.)',
      ])
      assert.deepEqual((await ask(hilo, { query: 'Hola', conversationId, externalId: 'e1' })), first)
      const [turn] = await readTurns(hilo, conversationId)
      assert.deepEqual(turn.messageIds, [recorded!.messageId])
      assert.deepEqual([model.requests.length, await countOfCustomer(hilo)], [1, 1])
    })

    test('a message that the customer did not write is not asked about', async (t) => {
      const { hilo, model } = await startAnswering(t, database)
      await record(hilo, { query: 'We are here.', conversationId, externalId: 'e1' })
      for (const streaming of [false, true]) {
        assertRefused(await query(hilo, { query: 'We are here.', conversationId, externalId: 'e1', streaming }), {
          status: 400, code: 'INVALID_REQUEST', field: 'externalId',
        })
      }
      assert.equal(model.requests.length, 0)
    })

    test('of many calls with one externalId at the same time one asks the model, and all get its answer', async (t) => {
      const { hilo, model } = await startAnswering(t, database)
      const answers = await Promise.all(Array.from({ length: 20 }, () => (
        ask(hilo, { query: 'Hola', conversationId, externalId: 'e1' })
      )))
      assert.equal(new Set(answers.map(({ messageId }) => messageId)).size, 1)
      assert.equal(model.requests.length, 1)
      assert.equal((await readMessages(hilo)).length, 2)
    })
  })
}
