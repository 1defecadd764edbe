import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { readConfig } from '../config.ts'
import { createId } from '../database/create-id.ts'
import { openDatabase } from '../database/open.ts'
import { asOwner } from '../database/transactions.ts'
import { ask, query, readTurns, setModel } from '../test/answers.ts'
import { headers, ids, makeSettings } from '../test/crash-settings.ts'
import { readMessages, readRows } from '../test/rows.ts'
import { type ChatRequest, openPieces, startScriptedModel } from '../test/scripted-model.ts'
import { spawnHilo } from '../test/spawn-hilo.ts'
import { databases, skipWithout, startAlone, startTwoOnPostgres } from '../test/start-hilo.ts'
import { type DatabaseKind, openTestDatabase } from '../test/test-databases.ts'
import { until } from '../test/webhooks.ts'

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)

/** Texts of the customer in a prompt; each begins with its conversation. */
const readTexts = ({ messages }: ChatRequest) => (
  messages.filter(({ role }) => role === 'user').map(({ content }) => String(content))
)

describe('two servers on one PostgreSQL', skipWithout('postgres'), () => {
  test('no conversation ever has two turns at once, every call is answered, and nothing is said twice', async (t) => {
    const [first, second] = await startTwoOnPostgres(t)
    const running = new Set<string>()
    const model = await startScriptedModel(t, async (request) => {
      const conversation = readTexts(request)[0]!.split(' ')[0]!
      assert.ok(!running.has(conversation), `two turns in ${conversation}`)
      running.add(conversation)
      await new Promise((resolve) => setTimeout(resolve, 5))
      running.delete(conversation)
      return { text: `To ${conversation}.` }
    })
    await setModel(first, model.baseUrl)
    const calls = upTo(4).flatMap((number) => upTo(30).map((conversation) => ({ conversation, number })))
    const answers = await Promise.all(calls.map(async ({ conversation, number }) => {
      const hilo = (number + conversation) % 2 === 0 ? first : second
      const { status, body } = await query(hilo, {
        query: `c${conversation} ${number}`, conversationId: `c${conversation}`, externalId: `${conversation} ${number}`,
      })
      assert.equal(status, 200, JSON.stringify(body))
      assert.equal(body.answer, `To c${conversation}.`)
      return body
    }))
    const rows = await readMessages(first)
    const byAi = rows.filter((row) => row.author_kind === 'ai')
    assert.equal(rows.length - byAi.length, calls.length)
    assert.deepEqual(new Set(answers.map(({ messageId }) => messageId)), new Set(byAi.map((row) => row.id)))
    const turns = await readRows(first, 'turns')
    assert.deepEqual(turns.filter(({ outcome }) => outcome !== 'answered'), [])
    const answered = turns.flatMap((turn) => turn.message_ids)
    assert.deepEqual([answered.length, new Set(answered).size], [calls.length, calls.length])
  })

  test('a call that the other server answered waits for no turn of another agent', async (t) => {
    const [first, second] = await startTwoOnPostgres(t)
    const [slow, ofOther] = [openPieces(), openPieces()]
    const model = await startScriptedModel(t, ({ model: name }, index) => (
      name === 'other' ? ofOther : index === 0 ? slow : { text: 'Hi.' }
    ))
    await setModel(first, model.baseUrl)
    const { body: { id: agentId } } = await first.request('POST', '/api/agents', { body: { name: 'Other' } })
    const other = { ...first, agentId: agentId as string }
    await setModel(other, model.baseUrl, {
      model: { provider: 'openai-compatible', name: 'other', baseUrl: model.baseUrl, timeoutMs: 10_000 },
    })
    const conversationId = 'c'
    const running = ask(second, { query: 'one', conversationId })
    await model.waitFor(1)
    const joining = ask(first, { query: 'two', conversationId })
    const waiting = ask(other, { query: 'three', conversationId })
    await until(() => readMessages(first), (rows) => rows.length === 3)
    slow.end()
    await model.waitFor(3)
    const told = await Promise.race([joining, waiting])
    assert.deepEqual([told.answer, (await running).messageId], ['Hi.', told.messageId])
    ofOther.say('Ho.')
    ofOther.end()
    assert.equal((await waiting).answer, 'Ho.')
  })
})

for (const database of databases) {
  describe(`turns that nobody runs on ${database}`, skipWithout(database), () => {
    test('a turn that its process lost, as it lost the database, holds up nobody', async (t) => {
      const opened = await openTestDatabase(database)
      const hilo = await startAlone(t, opened, { answerTimes: { beatMs: 20, pollMs: 20 } })
      t.after(() => opened.close())
      const model = await startScriptedModel(t, () => ({ text: 'Hi.' }))
      await setModel(hilo, model.baseUrl)
      const conversationId = createId()
      await ask(hilo, { conversationId })
      await hilo.asOwner(async (tx) => {
        const [runner] = await tx.selectFrom('runners').select('id').execute()
        await tx.insertInto('turns').values({
          organization_id: hilo.organizationId, id: createId(), conversation_id: conversationId, agent_id: hilo.agentId,
          runner_id: runner!.id, attempt: 1, message_ids: [], seen_seq: 1,
        }).execute()
      })
      assert.equal((await ask(hilo, { conversationId })).answer, 'Hi.')
      const outcomes = (await readTurns(hilo, conversationId)).map(({ outcome }) => outcome)
      assert.deepEqual(outcomes, ['answered', 'interrupted', 'answered'])
    })
  })
}

interface Call {
  query: string
  conversationId: string
  externalId: string
}

interface Answer {
  status: number
  body: { answer: string, messageId: string }
}

/** @returns undefined where the connection broke. */
async function send(url: string, call: Call): Promise<Answer | undefined> {
  try {
    const response = await fetch(`${url}/api/agents/${ids.agentId}/query`, {
      method: 'POST', headers, body: JSON.stringify(call),
    })
    return { status: response.status, body: await response.json() as Answer['body'] }
  } catch {
    return undefined
  }
}

async function withDatabase<Result>(
  settings: Record<string, string>, work: Parameters<typeof asOwner<Result>>[1],
): Promise<Result> {
  const { db, close } = await openDatabase(readConfig(settings))
  try {
    return await asOwner(db, work)
  } finally {
    await close()
  }
}

/** Has the time go by after which a process counts as gone; on the embedded database any other process is. */
async function forgetProcesses(database: DatabaseKind, settings: Record<string, string>): Promise<void> {
  if (database === 'postgres') await withDatabase(settings, (tx) => tx.deleteFrom('runners').execute())
}

async function start(t: TestContext, settings: Record<string, string>, baseUrl: string) {
  const hilo = spawnHilo(t, settings)
  const url = await hilo.url()
  const model = { provider: 'openai-compatible', name: 'scripted', baseUrl }
  const { status } = await fetch(`${url}/api/agents/${ids.agentId}`, {
    method: 'PATCH', headers, body: JSON.stringify({ model }),
  })
  assert.equal(status, 200)
  return { ...hilo, url }
}

describe('killed while turns run', { concurrency: true }, () => {
  for (const database of databases) {
    test(`every question is answered once after it is sent again, and never twice, on ${database}`, skipWithout(database), async (t) => {
      const settings = await makeSettings(t, database)
      let isHanging = true
      const model = await startScriptedModel(t, (_, index) => ({ text: 'Hi.', hang: isHanging && index % 2 === 1 }))
      const calls = upTo(60).map((index) => ({
        query: `text ${index}`, conversationId: `c${index % 20}`, externalId: `e${index}`,
      }))
      const answers = new Map<string, string>()
      const sendAll = async (url: string, some: readonly Call[]) => Promise.all(some.map(async (call) => {
        const answer = await send(url, call)
        if (!answer) return
        assert.deepEqual([answer.status, answer.body.answer], [200, 'Hi.'], JSON.stringify(answer.body))
        const before = answers.get(call.externalId) ?? answer.body.messageId
        assert.equal(answer.body.messageId, before)
        answers.set(call.externalId, before)
      }))
      const first = await start(t, settings, model.baseUrl)
      const breaking = sendAll(first.url, calls.slice(0, 50))
      await model.waitFor(16) // of twenty conversations: some hang, others are at any moment of their lives
      first.process.kill('SIGKILL')
      await breaking
      await forgetProcesses(database, settings)
      isHanging = false
      const second = await start(t, settings, model.baseUrl)
      await sendAll(second.url, calls)
      await sendAll(second.url, calls)
      assert.equal(answers.size, calls.length)
      second.process.kill('SIGTERM')
      assert.equal(await second.ended, 0)
      const { turns, messages } = await withDatabase(settings, async (tx) => ({
        turns: await tx.selectFrom('turns').selectAll().execute(),
        messages: await tx.selectFrom('messages').selectAll().execute(),
      }))
      const outcomes = new Set(turns.map(({ outcome }) => outcome))
      assert.deepEqual([...outcomes].filter((outcome) => outcome !== 'answered' && outcome !== 'interrupted'), [])
      assert.ok(outcomes.has('interrupted'))
      const answered = turns.filter(({ outcome }) => outcome === 'answered')
      const questions = messages.filter((row) => row.author_kind === 'contact')
      assert.equal(questions.length, calls.length)
      assert.deepEqual(answered.flatMap((turn) => turn.message_ids).sort(), questions.map(({ id }) => id).sort())
      assert.deepEqual(
        answered.flatMap((turn) => turn.answer_ids).sort(),
        messages.filter((row) => row.author_kind === 'ai').map(({ id }) => id).sort(),
      )
    })
  }
})
