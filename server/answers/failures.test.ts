import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { readConfig } from '../config.ts'
import { openDatabase } from '../database/open.ts'
import { ask, askAndLeave, query, readTurns, setModel, startAnswering } from '../test/answers.ts'
import { findFreePort } from '../test/find-free-port.ts'
import { assertRefused } from '../test/query-agent.ts'
import { readEvents, readMessages, readRows } from '../test/rows.ts'
import { openPieces, startScriptedModel } from '../test/scripted-model.ts'
import { databases, type Hilo, skipWithout, startAlone, startAnother, startHilo } from '../test/start-hilo.ts'
import { createTestPostgres } from '../test/test-databases.ts'
import { until } from '../test/webhooks.ts'
import { endLeftTurn } from './end-left-turn.ts'
import { recordLateUsage } from './record-late-usage.ts'

const conversationId = 'c'
const said = { query: 'Hola', conversationId, externalId: 'e1' }
const compatible = (name: string, baseUrl: string, more: object = {}) => (
  { provider: 'openai-compatible', name, baseUrl, ...more }
)

const change = async (hilo: Hilo, body: object) => {
  const answer = await hilo.request('PATCH', `/api/agents/${hilo.agentId}`, { body })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
}

/** The question failed like this: the caller is told, the message is kept, and the turn and its event say why. */
async function assertFailed(
  hilo: Hilo, answer: Awaited<ReturnType<typeof query>>, expected: { status: number, code: string, says: RegExp },
): Promise<void> {
  assertRefused(answer, expected)
  assert.deepEqual((await readMessages(hilo)).map((row) => [row.author_kind, row.text]), [['contact', 'Hola']])
  const turn = (await readTurns(hilo, conversationId)).at(-1)
  assert.deepEqual([turn.outcome, turn.error.code, turn.answerIds], ['failed', expected.code, []])
  assert.match(turn.error.message, expected.says)
  const event = (await readEvents(hilo)).findLast(({ type }) => type === 'turn.failed')
  assert.deepEqual((event!.data as { error?: unknown }).error, turn.error)
}

for (const database of databases) {
  describe(`what fails on ${database}`, skipWithout(database), () => {
    test('an agent without a model says so, and answers the same call once it has one', async (t) => {
      const { hilo, model } = await startAnswering(t, database, { model: null })
      await assertFailed(hilo, await query(hilo, said), {
        status: 422, code: 'MODEL_NOT_CONFIGURED', says: /has no model, .*: PATCH \/api\/agents\/\w+ sets "model"/,
      })
      await setModel(hilo, model.baseUrl)
      assert.equal((await ask(hilo, said)).answer, 'Hi.')
    })

    test('a model that cannot be reached, or refuses the key, is named with the cause, and the key is nowhere', async (t) => {
      const secret = 'sk-very-secret-4711'
      const lines: string[] = []
      const logStream = { write: (line: string) => void lines.push(line) }
      const hilo = await startHilo(t, database, { allowPrivateTargets: true, logLevel: 'trace', logStream })
      const refusing = await startScriptedModel(t, () => ({
        status: 401, body: JSON.stringify({ error: { message: `Incorrect API key provided: ${secret}` } }),
      }))
      await change(hilo, { model: compatible('m', refusing.baseUrl, { apiKey: secret }) })
      await assertFailed(hilo, await query(hilo, said), {
        status: 502, code: 'MODEL_UNAVAILABLE', says: /"m" of openai-compatible.*API key is refused \(401\)/,
      })
      assert.equal(refusing.requests[0]!.headers.authorization, `Bearer ${secret}`)
      const away = `http://127.0.0.1:${await findFreePort()}/v1`
      await change(hilo, { model: compatible('m', away, { apiKey: secret }), onModelFailure: 'request_human' })
      const answers = [await query(hilo, said), await query(hilo, { ...said, streaming: true })]
      await assertFailed(hilo, answers[0]!, { status: 502, code: 'MODEL_UNAVAILABLE', says: /cannot be reached/ })
      assert.match(answers[1]!.body, /^data: \[ERROR\].*cannot be reached[^\n]*\n\n$/)
      const { status, isAiEnabled } = (await hilo.request('GET', `/api/conversations/${conversationId}`)).body
      assert.deepEqual([status, isAiEnabled], ['HUMAN_REQUESTED', true])
      assert.equal((await readEvents(hilo)).filter(({ type }) => type === 'conversation.status_changed').length, 1)
      const shown = [
        ...lines, ...answers.map(({ body }) => JSON.stringify(body)),
        JSON.stringify(await readTurns(hilo, conversationId)),
        JSON.stringify((await hilo.request('GET', '/api/events?limit=500')).body),
      ]
      assert.deepEqual(shown.filter((text) => text.includes(secret)), [])
    })

    test('an agent that has spent its limit of the day is not asked, and is again once the limit is raised', async (t) => {
      const hilo = await startHilo(t, database, {
        allowPrivateTargets: true, modelPrices: { scripted: { input: 1000, output: 2000 } },
      })
      const model = await startScriptedModel(t, () => ({
        text: 'Hi.', usage: { prompt_tokens: 100, completion_tokens: 50 },
      }))
      await setModel(hilo, model.baseUrl, { dailySpendLimit: 0.2 })
      const { usage } = await ask(hilo, { conversationId: 'first' })
      assert.deepEqual(usage, { promptTokens: 100, completionTokens: 50, totalTokens: 150, cost: 0.2 })
      assertRefused(await query(hilo, said), { status: 402, code: 'USAGE_LIMIT', says: /limit of 0.2 US dollars/ })
      assert.equal((await readTurns(hilo, conversationId))[0].error.code, 'USAGE_LIMIT')
      assert.equal((await readMessages(hilo)).filter((row) => row.external_id === said.externalId).length, 1)
      assert.equal(model.requests.length, 1)
      await change(hilo, { dailySpendLimit: 0.3 })
      assert.equal((await ask(hilo, said)).answer, 'Hi.')
      assertRefused(await query(hilo, { conversationId: 'third' }), { status: 402, code: 'USAGE_LIMIT' })
    })

    test('a turn that was taken for left while its model worked is paid for all the same', async (t) => {
      const hilo = await startHilo(t, database, {
        allowPrivateTargets: true, modelPrices: { scripted: { input: 1000, output: 2000 } },
      })
      const slow = openPieces()
      const usage = { prompt_tokens: 100, completion_tokens: 50 }
      const model = await startScriptedModel(t, (_, index) => (index === 0 ? { ...slow, usage } : { text: 'Hi.', usage }))
      await setModel(hilo, model.baseUrl, { dailySpendLimit: 0.3 })
      const asked = query(hilo, said)
      await model.waitFor(1)
      const [{ id }] = await readTurns(hilo, conversationId)
      const [row] = await readRows(hilo, 'turns')
      await endLeftTurn(hilo.db, {
        id, organizationId: hilo.organizationId, conversationId: row!.conversation_id, agentId: hilo.agentId,
      })
      slow.say('Late.')
      slow.end()
      assert.equal((await asked).body.answer, 'Hi.', 'of another turn')
      const [turn] = await readTurns(hilo, conversationId)
      assert.deepEqual([turn.outcome, turn.model, turn.usage], [
        'interrupted', 'scripted', { promptTokens: 100, completionTokens: 50, totalTokens: 150, cost: 0.2 },
      ])
      assertRefused(await query(hilo, { conversationId: 'other' }), { status: 402, code: 'USAGE_LIMIT' })
    })

    test('what a turn knows of its cost already is not counted again', async (t) => {
      const { hilo } = await startAnswering(t, database, {
        script: () => ({ text: 'Hi.', usage: { prompt_tokens: 100, completion_tokens: 50 } }),
      })
      await ask(hilo, said)
      const [row] = await readRows(hilo, 'turns')
      await recordLateUsage(hilo.db, {
        id: row!.id, organizationId: hilo.organizationId, conversationId: row!.conversation_id, agentId: hilo.agentId,
        startedAt: row!.started_at, messageIds: [], seenMessageIds: [], toolCalls: [], model: 'other',
        usage: { promptTokens: 1, completionTokens: 1, totalTokens: 2, cost: 1 },
      })
      const [turn] = await readTurns(hilo, conversationId)
      assert.deepEqual([turn.model, turn.usage.totalTokens], ['scripted', 150])
      assert.deepEqual(await readRows(hilo, 'agent_spend'), [])
    })

    test('of a caller who goes away the log does not say that the database did', async (t) => {
      const lines: string[] = []
      const logStream = { write: (line: string) => void lines.push(line) }
      const hilo = await startHilo(t, database, { allowPrivateTargets: true, logLevel: 'warn', logStream })
      const model = await startScriptedModel(t, () => ({ hang: true }))
      await setModel(hilo, model.baseUrl)
      const leaving = new AbortController()
      const gone = askAndLeave(hilo, said, leaving.signal)
      await model.waitFor(1)
      leaving.abort()
      await assert.rejects(gone)
      const [line] = await until(async () => lines, ({ length }) => length > 0)
      const { msg, reason } = JSON.parse(line!) as { msg: string, reason: { message: string } }
      assert.equal(msg, 'a request was not answered')
      assert.match(reason.message, /^The answer was broken off\./)
    })

    test('a tool whose header cannot be read any more is named, with what to do about it', async (t) => {
      const { hilo, model } = await startAnswering(t, database)
      const headers = { 'X-Key': 'a-secret-of-the-shop' }
      await change(hilo, { tools: [{ name: 'find_order', description: 'Finds.', url: 'https://shop.example.com', headers }] })
      const other = await startAnother(t, hilo, { secret: 'not the one that the header was stored with' })
      const answer = await query(other, said)
      await assertFailed(other, answer, {
        status: 422, code: 'MODEL_NOT_CONFIGURED',
        says: /^tools\.find_order\.headers\.x-key .* start Hilo with the one it was stored with, or send it again to PATCH/,
      })
      assert.match(answer.body.hint, /^The message of the customer is kept/)
      assert.equal(model.requests.length, 0)
    })

    test('where there is a daily limit no model without a price is asked, whoever names it', async (t) => {
      const hilo = await startHilo(t, database, {
        allowPrivateTargets: true, modelPrices: { 'scripted': { input: 1000, output: 2000 }, 'gpt-4o': { input: 1, output: 1 } },
      })
      const model = await startScriptedModel(t, ({ model: name }) => ({ text: `I am ${name}.` }))
      await setModel(hilo, model.baseUrl, { dailySpendLimit: 5 })
      await assertFailed(hilo, await query(hilo, { ...said, modelName: 'constructor' }), {
        status: 422, code: 'MODEL_NOT_CONFIGURED',
        says: /the model "constructor" has no price, .*: add it to HILO_MODEL_PRICES, or leave modelName out\./,
      })
      assert.equal((await ask(hilo, said)).answer, 'I am scripted.')
      assert.equal((await ask(hilo, { conversationId: 'x', modelName: 'gpt_4o' })).answer, 'I am gpt-4o.')
      const lessPriced = await startAnother(t, hilo, { modelPrices: { 'gpt-4o': { input: 1, output: 1 } } })
      assertRefused(await query(lessPriced, { conversationId: 'y' }), {
        status: 422, code: 'MODEL_NOT_CONFIGURED', says: /"scripted" has no price, .*, or set its dailySpendLimit to null\./,
      })
      await change(hilo, { dailySpendLimit: null })
      assert.equal((await ask(hilo, { conversationId: 'z', modelName: 'other' })).answer, 'I am other.')
      assert.equal(model.requests.length, 3)
    })

    test('where the model fails before its first word the fallback model answers, and the turn names it', async (t) => {
      const { hilo, model } = await startAnswering(t, database, {
        script: ({ model: name }) => (name === 'scripted' ? { status: 400 } : { text: `I am ${name}.` }),
      })
      await change(hilo, { fallbackModel: compatible('second', model.baseUrl) })
      assert.equal((await ask(hilo, said)).answer, 'I am second.')
      const [turn] = await readTurns(hilo, conversationId)
      assert.deepEqual([turn.outcome, turn.model, turn.error], ['answered', 'second', null])
      await change(hilo, { fallbackModel: compatible('scripted', model.baseUrl) })
      assertRefused(await query(hilo, { conversationId: 'x' }), {
        status: 502, code: 'MODEL_UNAVAILABLE', says: /does not take the request \(400\).*does not take the request/,
      })
    })

    test('an answer that breaks off after its first words is none, and no half of it is kept', async (t) => {
      const { hilo } = await startAnswering(t, database, {
        script: (_, index) => (index === 0 ? { pieces: ['Half an'], breakOff: true } : { text: 'Whole.' }),
      })
      const answer = await query(hilo, said)
      assertRefused(answer, { status: 502, code: 'MODEL_UNAVAILABLE' })
      assert.deepEqual((await readMessages(hilo)).map((row) => row.text), ['Hola'])
      assert.equal((await ask(hilo, said)).answer, 'Whole.')
    })

    test('what a model says that no database takes is recorded all the same', async (t) => {
      const { hilo } = await startAnswering(t, database, { script: (_, index) => (index > 0 ? { text: 'Bye.' } : {
        text: 'a\u0000b \ud83d c', toolCalls: [{ name: 'request_human', arguments: { reason: 'x\u0000y\ud83d' } }],
      }) })
      const { answer } = await ask(hilo, said)
      assert.ok(answer.startsWith('ab ') && answer.isWellFormed(), answer)
      assert.equal((await readMessages(hilo))[1]!.text, answer)
    })

    test('a reason for a human that is cut inside a character hands the conversation over all the same', async (t) => {
      const reason = `${'a'.repeat(999)}😀, and more`
      const { hilo } = await startAnswering(t, database, { script: (_, index) => (
        index > 0 ? { text: 'Somebody comes.' } : { toolCalls: [{ name: 'request_human', arguments: { reason } }] }
      ) })
      assert.equal((await ask(hilo, said)).request_human, true)
      const { aiOff } = (await hilo.request('GET', `/api/conversations/${conversationId}`)).body
      assert.deepEqual(aiOff.reason, `${'a'.repeat(999)}\ufffd`)
    })
  })
}

describe('a PostgreSQL that goes away while the model works', skipWithout('postgres'), () => {
  /** A Hilo that reaches its database through a door that the test shuts and opens. */
  async function startFragile(t: TestContext) {
    const { url, drop } = await createTestPostgres()
    const to = new URL(url)
    const sockets = new Set<Socket>()
    const door = createServer((socket) => {
      const beyond = connect(Number(to.port), to.hostname)
      for (const one of [socket, beyond]) sockets.add(one.on('error', () => {}).on('close', () => sockets.delete(one)))
      socket.pipe(beyond).pipe(socket)
    })
    await once(door.listen(0, '127.0.0.1'), 'listening')
    const { port } = door.address() as AddressInfo
    const throughDoor = new URL(url)
    throughDoor.host = `127.0.0.1:${port}`
    const opened = await openDatabase(readConfig({ HILO_DATABASE_URL: throughDoor.href }))
    const hilo = await startAlone(t, opened)
    const shut = () => {
      door.close()
      for (const socket of sockets) socket.destroy()
    }
    t.after(async () => {
      await hilo.stop()
      await opened.close()
      shut()
      await drop()
    })
    return { hilo, goAway: shut, comeBack: () => once(door.listen(port, '127.0.0.1'), 'listening') }
  }

  test('and comes back finds the answer waiting: it is recorded once, and given', async (t) => {
    const { hilo, goAway, comeBack } = await startFragile(t)
    const slow = openPieces()
    const model = await startScriptedModel(t, () => slow)
    await setModel(hilo, model.baseUrl)
    const asked = ask(hilo, said)
    await model.waitFor(1)
    goAway()
    slow.say('Hi.')
    slow.end()
    const unavailable = await query(hilo, { conversationId: 'other' })
    assertRefused(unavailable, { status: 503, code: 'UNAVAILABLE' })
    await comeBack()
    const { answer, messageId } = await asked
    assert.equal(answer, 'Hi.')
    const rows = await until(() => readMessages(hilo).catch(() => []), ({ length }) => length >= 2)
    assert.deepEqual(rows.map((row) => [row.author_kind, row.text]), [['contact', 'Hola'], ['ai', 'Hi.']])
    assert.equal((await ask(hilo, said)).messageId, messageId)
    assert.equal(model.requests.length, 1)
  })
})
