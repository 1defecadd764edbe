import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { ask, askAndLeave, query, readTurns, setModel } from '../test/answers.ts'
import { record } from '../test/query-agent.ts'
import { readMessages, readRows } from '../test/rows.ts'
import { openPieces, type Reply, startScriptedModel } from '../test/scripted-model.ts'
import { databases, type Hilo, skipWithout, startAlone, startHiloWith } from '../test/start-hilo.ts'
import { openTestDatabase } from '../test/test-databases.ts'
import { startReceiver } from '../test/webhook-receiver.ts'
import { until } from '../test/webhooks.ts'

const settings = { allowPrivateTargets: true }

/** What the customer says, without asking the AI. */
async function customerSays(hilo: Hilo, text: string, conversationId: string): Promise<void> {
  const { status, body } = await hilo.request('POST', `/api/agents/${hilo.agentId}/messages`, {
    body: { messages: [{ from: 'contact', query: text, conversationId }] },
  })
  assert.equal(status, 200, JSON.stringify(body))
}

const textsOf = async (hilo: Hilo) => (await readMessages(hilo)).map((row) => `${row.author_kind}: ${row.text}`)

/** A customer asked, and the model is at work. */
async function askSlowModel(t: TestContext, hilo: Hilo) {
  const slow = openPieces()
  const model = await startScriptedModel(t, (_, index) => (index === 0 ? slow : { text: 'Hi.' }))
  await setModel(hilo, model.baseUrl)
  const asked = ask(hilo, { query: 'Hola', conversationId: 'c' })
  await model.waitFor(1)
  return { slow, model, asked }
}

for (const database of databases) {
  describe(`the fence on ${database}`, skipWithout(database), () => {
    test('a customer who writes on while the model works gets one answer, to all of it', async (t) => {
      const hilo = await startHiloWith(database, settings)
      const slow = openPieces()
      const model = await startScriptedModel(t, (_, index) => (index === 0 ? slow : { text: 'To both.' }))
      await setModel(hilo, model.baseUrl)
      const first = ask(hilo, { query: 'One', conversationId: 'c' })
      await model.waitFor(1)
      const second = ask(hilo, { query: 'Two', conversationId: 'c' })
      await until(() => readMessages(hilo), (rows) => rows.length === 2)
      slow.say('To the first only.')
      slow.end()
      const answers = await Promise.all([first, second])
      for (const { answer, metadata } of answers) {
        assert.equal(answer, 'To both.')
        assert.equal(metadata.answeredTogether, 2)
      }
      assert.deepEqual(answers.map(({ metadata }) => metadata.isNewest), [false, true])
      assert.equal(answers[0].messageId, answers[1].messageId)
      assert.deepEqual(await textsOf(hilo), ['contact: One', 'contact: Two', 'ai: To both.'])
      assert.deepEqual(model.requests[1]!.messages.slice(1).map(({ content }) => content), ['One', 'Two'])
      const [turn, ...others] = await readTurns(hilo, 'c')
      assert.deepEqual([turn.outcome, turn.attempt, turn.messageIds.length, others], ['answered', 2, 2, []])
    })

    test('a question that waits behind a turn is answered, however long that takes', async (t) => {
      const opened = await openTestDatabase(database)
      const hilo = await startAlone(t, opened, { answerTimes: { beatMs: 10 } })
      t.after(() => opened.close())
      const { slow, asked } = await askSlowModel(t, hilo)
      const second = ask(hilo, { query: 'And?', conversationId: 'c' })
      await until(() => readRows(hilo, 'questions'), (rows) => rows.length === 2)
      await hilo.asOwner((tx) => tx.updateTable('questions').set({ asked_at: new Date(Date.now() - 3_600_000) }).execute())
      const readBeat = () => hilo.asOwner((tx) => tx.selectFrom('runners').select('alive_until').execute())
      const [before] = await readBeat()
      await until(readBeat, ([now]) => now!.alive_until.getTime() > before!.alive_until.getTime() + 20) // two beats
      slow.say('Hi.')
      slow.end()
      assert.deepEqual((await Promise.all([asked, second])).map(({ answer }) => answer), ['Hi.', 'Hi.'])
    })

    test('a human who writes while the model works has the word: the AI is silent, and stays so', async (t) => {
      const hilo = await startHiloWith(database, settings)
      const { slow, model, asked } = await askSlowModel(t, hilo)
      await record(hilo, { query: 'I take this.', conversationId: 'c', author: { kind: 'human', name: 'Ana' } })
      slow.say('Late.')
      slow.end()
      const { answer, request_human, metadata, messageId } = await asked
      assert.deepEqual([answer, request_human, metadata.outcome], ['', true, 'human_took_over'])
      assert.deepEqual(await textsOf(hilo), ['contact: Hola', 'human: I take this.'])
      assert.equal((await readMessages(hilo))[0]!.id, messageId)
      const next = await ask(hilo, { query: 'And?', conversationId: 'c' })
      assert.deepEqual([next.answer, next.request_human, next.metadata.outcome], ['', true, 'ai_off'])
      assert.equal(model.requests.length, 1)
      assert.deepEqual((await readTurns(hilo, 'c')).map(({ outcome }) => outcome), ['human_took_over', 'ai_off'])
    })

    test('a model that fails after a human came in is no failure, and changes nothing', async (t) => {
      const hilo = await startHiloWith(database, settings)
      const failing = Promise.withResolvers<Reply>()
      const model = await startScriptedModel(t, () => failing.promise)
      await setModel(hilo, model.baseUrl, { onModelFailure: 'request_human' })
      const asked = ask(hilo, { conversationId: 'c' })
      await model.waitFor(1)
      await record(hilo, { query: 'I take this.', conversationId: 'c', author: { kind: 'human' } })
      failing.resolve({ status: 401 })
      const { answer, request_human, metadata, status } = await asked
      assert.deepEqual([answer, request_human, metadata.outcome, status], ['', true, 'human_took_over', 'UNRESOLVED'])
      const [turn] = await readTurns(hilo, 'c')
      assert.deepEqual([turn.outcome, turn.error], ['human_took_over', null])
    })

    test('what the model decides without a word counts no more than an answer where a human was quicker', async (t) => {
      const hilo = await startHiloWith(database, settings)
      const slow = openPieces()
      const toolCalls = [{ name: 'mark_as_resolved', arguments: {} }]
      const model = await startScriptedModel(t, (_, index) => (index === 0 ? { ...slow, toolCalls } : {}))
      await setModel(hilo, model.baseUrl)
      const asked = ask(hilo, { conversationId: 'c' })
      await model.waitFor(1)
      await record(hilo, { query: 'I take this.', conversationId: 'c', author: { kind: 'human' } })
      slow.end()
      assert.equal((await asked).metadata.outcome, 'human_took_over')
      assert.equal((await hilo.request('GET', '/api/conversations/c')).body.status, 'UNRESOLVED')
    })

    test('an AI that is switched off while the model works does not answer', async (t) => {
      const hilo = await startHiloWith(database, settings)
      const { slow, asked } = await askSlowModel(t, hilo)
      assert.equal((await hilo.request('PATCH', '/api/conversations/c', { body: { isAiEnabled: false } })).status, 200)
      slow.say('Late.')
      slow.end()
      const { answer, request_human } = await asked
      assert.deepEqual([answer, request_human], ['', true])
      assert.deepEqual(await textsOf(hilo), ['contact: Hola'])
    })

    test('what an agent says elsewhere meanwhile, or a draft, or a note to colleagues, holds no answer up', async (t) => {
      const hilo = await startHiloWith(database, settings)
      const { slow, model, asked } = await askSlowModel(t, hilo)
      const human = { conversationId: 'c', author: { kind: 'human' } }
      await record(hilo, { query: 'Your order left.', conversationId: 'c' })
      await record(hilo, { query: 'draft', isDraft: true, ...human })
      await record(hilo, { query: 'note', metadata: { private: true }, ...human })
      const { messageId } = await record(hilo, { query: 'late note', isDraft: true, metadata: { private: true }, ...human })
      const path = `/api/conversations/c/messages/${messageId}`
      assert.equal((await hilo.request('PATCH', path, { body: { isDraft: false } })).status, 200)
      slow.say('Hi.')
      slow.end()
      assert.equal((await asked).answer, 'Hi.')
      assert.equal(model.requests.length, 1)
    })

    test('a customer who writes on each time an answer is ready gets none that is out of date', async (t) => {
      const hilo = await startHiloWith(database, settings)
      const model = await startScriptedModel(t, async (_, index) => {
        await customerSays(hilo, `more ${index}`, 'c')
        return { text: `answer ${index}`, usage: { prompt_tokens: 10, completion_tokens: 1 } }
      })
      await setModel(hilo, model.baseUrl)
      const { answer, request_human, metadata } = await ask(hilo, { query: 'Hola', conversationId: 'c' })
      assert.deepEqual([answer, request_human, metadata.outcome], ['', false, 'overtaken'])
      assert.equal(model.requests.length, 4)
      assert.ok((await textsOf(hilo)).every((text) => text.startsWith('contact: ')))
      const [turn] = await readTurns(hilo, 'c')
      assert.deepEqual([turn.outcome, turn.attempt, turn.usage.promptTokens], ['overtaken', 4, 40])
      assert.equal(turn.error.code, 'TURN_OVERTAKEN')
    })

    test('a caller who goes away while the turn begins again breaks off no answer that is asked for by now', async (t) => {
      const hilo = await startHiloWith(database, settings)
      const slow = openPieces()
      const model = await startScriptedModel(t, (_, index) => (index === 0 ? slow : { text: 'Hi.' }))
      await setModel(hilo, model.baseUrl)
      const receiver = await startReceiver(t)
      const leaving = new AbortController()
      const gone = askAndLeave(hilo, { query: 'Hola', conversationId: 'c' }, leaving.signal)
      const [first] = await model.waitFor(1)
      await ask(hilo, { query: 'And?', conversationId: 'c', webhookUrl: receiver.url })
      await hilo.asOwner(async (tx) => {
        await sql`select from conversations where organization_id = ${hilo.organizationId} for update`.execute(tx)
        slow.say('To the first only.')
        slow.end()
        await first!.closed
        await sleep(200) // now the answer waits for the lock
        leaving.abort()
        await assert.rejects(gone)
        await sleep(50)
      })
      const turns = await until(() => readTurns(hilo, 'c'), ([turn]) => turn.finishedAt !== null)
      assert.deepEqual(turns.map(({ outcome, messageIds }) => [outcome, messageIds.length]), [['answered', 2]])
      assert.deepEqual(await textsOf(hilo), ['contact: Hola', 'contact: And?', 'ai: Hi.'])
    })

    test('fifty calls for one conversation never run two turns at once, and all are answered', async (t) => {
      const hilo = await startHiloWith(database, settings)
      let running = 0
      let most = 0
      const model = await startScriptedModel(t, async () => {
        most = Math.max(most, ++running)
        await new Promise((resolve) => setImmediate(resolve))
        running -= 1
        return { text: 'Hi.' }
      })
      await setModel(hilo, model.baseUrl)
      const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => (
        query(hilo, { query: `text ${index}`, conversationId: 'c' })
      )))
      assert.equal(most, 1)
      for (const { status, body } of answers) assert.deepEqual([status, body.answer], [200, 'Hi.'])
      const rows = await readMessages(hilo)
      const byAi = rows.filter((row) => row.author_kind === 'ai')
      assert.equal(rows.length - byAi.length, 50)
      assert.deepEqual(new Set(answers.map(({ body }) => body.messageId)), new Set(byAi.map((row) => row.id)))
    })
  })
}
