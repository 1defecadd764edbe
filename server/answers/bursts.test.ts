import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { ask, askAndLeave, query, readTurns, setModel, startAnswering } from '../test/answers.ts'
import { readMessages, readRows } from '../test/rows.ts'
import { openPieces, startScriptedModel } from '../test/scripted-model.ts'
import { databases, type Hilo, skipWithout, startAlone, startAnother, startTwoOnPostgres } from '../test/start-hilo.ts'
import { openTestDatabase } from '../test/test-databases.ts'
import { until } from '../test/webhooks.ts'

const conversationId = 'c'
const upTo = (count: number) => Array.from({ length: count }, (_, index) => `text ${index}`)

/** Long enough for calls that are made at once, also on a busy machine, and short enough to wait for. */
const burstWindowMs = 400

const askAll = (hilo: Hilo, texts: readonly string[]) => (
  Promise.all(texts.map((text) => ask(hilo, { query: text, conversationId })))
)

/** Waits until so many questions are recorded. */
const untilAsked = (hilo: Hilo, count: number) => until(() => readRows(hilo, 'questions'), (rows) => rows.length >= count)

/** Lets the time of a burst be over. */
function endWindow({ asOwner, organizationId }: Hilo): Promise<unknown> {
  return asOwner((tx) => tx.updateTable('questions').set({ asked_at: new Date(Date.now() - 300_000) })
    .where('organization_id', '=', organizationId).execute())
}

const newestPrompt = (requests: readonly { messages: { role: string, content: unknown }[] }[]) => (
  requests.at(-1)!.messages.filter(({ role }) => role === 'user').map(({ content }) => content)
)

async function startAloneAnswering(t: TestContext, ...[database]: Parameters<typeof openTestDatabase>) {
  const opened = await openTestDatabase(database)
  const hilo = await startAlone(t, opened)
  t.after(() => opened.close())
  const model = await startScriptedModel(t, () => ({ text: 'Hi.' }))
  return { hilo, model }
}

for (const database of databases) {
  describe(`bursts on ${database}`, skipWithout(database), () => {
    test('messages that follow each other closely get one answer, and every call the same one', async (t) => {
      const { hilo, model } = await startAnswering(t, database, { burstWindowMs })
      const answers = await askAll(hilo, upTo(5))
      assert.equal(model.requests.length, 1)
      assert.deepEqual(newestPrompt(model.requests).sort(), upTo(5))
      assert.equal(new Set(answers.map(({ messageId, metadata }) => `${messageId} ${metadata.turnId}`)).size, 1)
      for (const { answer, metadata } of answers) assert.deepEqual([answer, metadata.answeredTogether], ['Hi.', 5])
      const rows = await readMessages(hilo)
      assert.deepEqual(rows.map((row) => row.author_kind), ['contact', 'contact', 'contact', 'contact', 'contact', 'ai'])
      const [turn] = await readTurns(hilo, conversationId)
      assert.deepEqual(turn.messageIds, rows.slice(0, 5).map((row) => row.id))
      assert.deepEqual([turn.attempt, turn.seenSeq], [1, 5])
      const alone = await ask(hilo, { query: 'later', conversationId })
      assert.ok(!('answeredTogether' in alone.metadata))
    })

    test('however long the customer goes on, an answer is begun after burstMaxWaitMs', async (t) => {
      const { hilo } = await startAnswering(t, database, { burstWindowMs: 60_000, burstMaxWaitMs: 60_000 })
      const first = ask(hilo, { query: 'one', conversationId })
      await untilAsked(hilo, 1)
      await hilo.asOwner((tx) => tx.updateTable('questions').set({ asked_at: new Date(Date.now() - 60_000) })
        .where('organization_id', '=', hilo.organizationId).execute())
      const second = ask(hilo, { query: 'two', conversationId }) // its own window has just begun
      assert.deepEqual((await Promise.all([first, second])).map(({ answer }) => answer), ['Hi.', 'Hi.'])
    })

    test('a human who comes in during the window has the word', async (t) => {
      const { hilo, model } = await startAnswering(t, database, { burstWindowMs: 60_000 })
      const asked = askAll(hilo, upTo(2))
      await untilAsked(hilo, 2)
      await hilo.request('POST', `/api/conversations/${conversationId}/handoff`)
      await endWindow(hilo)
      const last = ask(hilo, { query: 'last', conversationId })
      for (const { answer, request_human, metadata } of [...await asked, await last]) {
        assert.deepEqual([answer, request_human, metadata.outcome], ['', true, 'ai_off'])
      }
      assert.equal(model.requests.length, 0)
    })

    test('who goes away during the window costs the others nothing, and its message is answered with theirs', async (t) => {
      const { hilo, model } = await startAnswering(t, database, { burstWindowMs: 60_000 })
      const leaving = new AbortController()
      const gone = askAndLeave(hilo, { query: 'gone', conversationId }, leaving.signal)
      await untilAsked(hilo, 1)
      leaving.abort()
      await assert.rejects(gone)
      await hilo.request('PATCH', `/api/agents/${hilo.agentId}`, { body: { burstWindowMs } })
      const { answer, metadata } = await ask(hilo, { query: 'stays', conversationId })
      assert.deepEqual([answer, metadata.answeredTogether], ['Hi.', 2])
      assert.deepEqual(newestPrompt(model.requests), ['gone', 'stays'])
    })

    test('calls of two agents in one conversation are answered each by its own, one after the other', async (t) => {
      let running = 0
      const { hilo, model } = await startAnswering(t, database, {
        burstWindowMs,
        script: async ({ model: name }) => {
          assert.equal(++running, 1)
          await new Promise((resolve) => setImmediate(resolve))
          running -= 1
          return { text: `I am ${name}.` }
        },
      })
      const { body: other } = await hilo.request('POST', '/api/agents', { body: { name: 'Other' } })
      const second = { ...hilo, agentId: other.id }
      await setModel(second, model.baseUrl, {
        model: { provider: 'openai-compatible', name: 'second', baseUrl: model.baseUrl },
      })
      const [ofFirst, ofSecond] = await Promise.all([askAll(hilo, ['a', 'b']), askAll(second, ['x', 'y'])])
      assert.deepEqual(ofFirst.map(({ answer }) => answer), ['I am scripted.', 'I am scripted.'])
      assert.deepEqual(ofSecond.map(({ answer }) => answer), ['I am second.', 'I am second.'])
      await hilo.request('POST', `/api/conversations/${conversationId}/handoff`)
      const silent = (await Promise.all([askAll(hilo, ['a', 'b']), askAll(second, ['x', 'y'])])).flat()
      for (const { answer, metadata } of silent) assert.deepEqual([answer, metadata.outcome], ['', 'ai_off'])
      for (const turn of await readTurns(hilo, conversationId)) assert.notEqual(turn.finishedAt, null)
    })

    test('a restart in the middle of the window loses no question: repeated, all get one answer', async (t) => {
      const { hilo, model } = await startAloneAnswering(t, database)
      await setModel(hilo, model.baseUrl, { burstWindowMs: 60_000 })
      const said = upTo(3).map((text, index) => ({ query: text, conversationId, externalId: `e${index}` }))
      const asked = said.map((one) => query(hilo, one))
      await untilAsked(hilo, 3)
      await hilo.stop()
      for (const { status, body } of await Promise.all(asked)) {
        assert.deepEqual([status, body.code], [503, 'UNAVAILABLE'], JSON.stringify(body))
      }
      const again = await startAnother(t, hilo)
      await endWindow(hilo)
      await setModel(again, model.baseUrl, { burstWindowMs: 0 })
      const first = await ask(again, said[0]!)
      assert.deepEqual([first.answer, first.metadata.answeredTogether], ['Hi.', 3])
      for (const one of said) assert.equal((await ask(again, one)).messageId, first.messageId)
      assert.equal(model.requests.length, 1)
      assert.equal((await readMessages(again)).length, 4)
    })
  })
}

describe('bursts over two servers', skipWithout('postgres'), () => {
  test('a burst gets one answer, whichever server heard its parts', async (t) => {
    const [first, second] = await startTwoOnPostgres(t)
    const model = await startScriptedModel(t, () => ({ text: 'Hi.' }))
    await setModel(first, model.baseUrl, { burstWindowMs })
    const answers = (await Promise.all([askAll(first, upTo(3)), askAll(second, upTo(3))])).flat()
    assert.equal(model.requests.length, 1)
    for (const { messageId, metadata } of answers) {
      assert.deepEqual([messageId, metadata.answeredTogether], [answers[0].messageId, 6])
    }
  })

  test('a caller who goes away from one server breaks off no answer that another one waits for', async (t) => {
    const [first, second] = await startTwoOnPostgres(t)
    const [toOne, toBoth] = [openPieces(), openPieces()]
    const replies = [toOne, toBoth, { text: 'Hi.' }]
    const model = await startScriptedModel(t, (_, index) => replies[index]!)
    await setModel(first, model.baseUrl)
    const leaving = new AbortController()
    const gone = askAndLeave(first, { query: 'gone', conversationId }, leaving.signal)
    await model.waitFor(1)
    const staying = ask(second, { query: 'stays', conversationId })
    await untilAsked(first, 2)
    toOne.end()
    await model.waitFor(2)
    leaving.abort()
    await assert.rejects(gone)
    assert.equal((await staying).answer, 'Hi.')
    const turns = await readTurns(first, conversationId)
    assert.deepEqual(turns.map(({ outcome, messageIds }) => [outcome, messageIds.length]), [['aborted', 2], ['answered', 1]])
  })
})
