import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { sql } from 'kysely'
import type { NewMessage } from './messages/new-message.ts'
import { runBatch } from './run-batch.ts'
import { assertRefused, queryAgent } from './test/query-agent.ts'
import { readEvents, readMessages, readRows } from './test/rows.ts'
import { databases, type Hilo, skipWithout, startHilo } from './test/start-hilo.ts'

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

/** A fault of ours that nobody foresaw: the database refuses one text, from here on. */
async function breakFor(t: TestContext, hilo: Hilo, text: string): Promise<void> {
  const constraint = `constraint broken check (text <> '${text}') not valid`
  await hilo.asOwner((tx) => sql.raw(`alter table messages add ${constraint}`).execute(tx))
  t.after(() => hilo.asOwner((tx) => sql.raw('alter table messages drop constraint broken').execute(tx)))
}

/** What was recorded is whole: numbers without gaps, and an event for each message. */
async function assertWhole(hilo: Hilo, texts: string[]): Promise<void> {
  const rows = await readMessages(hilo)
  assert.deepEqual(rows.map((row) => row.text).sort(), texts.toSorted())
  for (const some of Object.values(Object.groupBy(rows, (row) => row.conversation_id))) {
    assert.deepEqual(some!.map((row) => row.seq), upTo(some!.length))
  }
  const events = await readEvents(hilo)
  assert.deepEqual(events.map((event) => event.seq), upTo(events.length))
  const created = events.filter((event) => event.type === 'message.created').map((event) => event.message_id)
  assert.deepEqual(created.sort(), rows.map((row) => row.id).sort())
  assert.equal((await readRows(hilo, 'contacts')).length, new Set(rows.map((row) => row.conversation_id)).size)
}

for (const database of databases) {
  describe(`a failure inside a batch, on ${database}`, skipWithout(database), () => {
    test('one call that fails harms none of those that came at the same time', async (t) => {
      const hilo = await startHilo(t, database)
      await breakFor(t, hilo, 'text 7')
      const answers = await Promise.all(upTo(40).map((number) => queryAgent(hilo, {
        query: `text ${number}`, conversationId: `c${number % 4}`, contact: { userId: `u${number % 4}` },
      })))
      const [failed, ...others] = answers.toSorted((a, b) => b.status - a.status)
      assertRefused(failed!, { status: 500, code: 'INTERNAL' })
      assert.doesNotMatch(JSON.stringify(failed!.body), /constraint|check|messages|text 7/)
      for (const { status } of others) assert.equal(status, 200)
      await assertWhole(hilo, upTo(40).filter((number) => number !== 7).map((number) => `text ${number}`))
    })

    test('one message of a list that fails harms none of the others, and leaves its reason in the log', async (t) => {
      const lines: string[] = []
      const logStream = { write: (line: string) => void lines.push(line) }
      const hilo = await startHilo(t, database, { logLevel: 'error', logStream })
      await breakFor(t, hilo, 'reason 3')
      const messages = upTo(5).map((number) => ({
        query: `reason ${number}`, conversationId: 'one', contact: { userId: 'u1' },
      }))
      const { status, body } = await hilo.request('POST', `/api/agents/${hilo.agentId}/messages`, { body: { messages } })
      assert.equal(status, 200)
      const codes = body.results.map((result: { code?: string, field?: string }) => [result.code, result.field])
      assert.deepEqual(codes, upTo(5).map((number) => (
        number === 3 ? ['INTERNAL', 'messages[2]'] : [undefined, undefined]
      )))
      await assertWhole(hilo, ['reason 1', 'reason 2', 'reason 4', 'reason 5'])
      assert.equal(lines.length, 1)
      assert.match(lines[0]!, /broken.*"index":2/)
      assert.doesNotMatch(lines[0]!, /reason 3/)
    })
  })
}

test('while the database is away, a batch fails at once and is not tried message by message', async () => {
  const tries: number[] = []
  const outcomes = await runBatch(async (messages) => {
    tries.push(messages.length)
    throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  }, Array.from({ length: 3 }, () => ({}) as NewMessage))
  assert.deepEqual(tries, [3])
  assert.deepEqual(outcomes.map((outcome) => !outcome.ok && outcome.error.code), upTo(3).map(() => 'UNAVAILABLE'))
})
