import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sql } from 'kysely'
import { ask, query, readTurns, setModel } from '../test/answers.ts'
import { assertRefused } from '../test/query-agent.ts'
import { startScriptedModel } from '../test/scripted-model.ts'
import { databases, type Hilo, skipWithout, startAlone, startHilo } from '../test/start-hilo.ts'
import { openTestDatabase } from '../test/test-databases.ts'

const priced = { allowPrivateTargets: true, modelPrices: { scripted: { input: 1000, output: 2000 } } }
const most = 2 ** 31 - 1

/** From here on no answer of the AI can be recorded. */
async function refuseAnswers(hilo: Hilo): Promise<void> {
  await hilo.asOwner(async (tx) => {
    await sql`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'refused'; end $$`.execute(tx)
    await sql`create trigger refuse before insert on messages for each row when (new.author_kind = 'ai') execute function refuse()`
      .execute(tx)
  })
}

for (const database of databases) {
  describe(`what models cost on ${database}`, skipWithout(database), () => {
    test('a provider that counts what are no tokens loses no answer', async (t) => {
      const hilo = await startHilo(t, database, priced)
      const counted = [[3e9, 1], [1.4, 1], [-5, 1], [1e300, 1e300]] as const
      const model = await startScriptedModel(t, (_, index) => {
        const [prompt_tokens, completion_tokens] = counted[index]!
        return { text: 'Hi.', usage: { prompt_tokens, completion_tokens } }
      })
      await setModel(hilo, model.baseUrl)
      const shown = [[most, 1], [1, 1], [0, 1], [most, most]]
      for (const [index, [promptTokens, completionTokens]] of shown.entries()) {
        const conversationId = `c${index}`
        const { answer, usage } = await ask(hilo, { conversationId, externalId: conversationId })
        const { cost, ...tokens } = usage
        assert.deepEqual([answer, tokens], [
          'Hi.', { promptTokens, completionTokens, totalTokens: promptTokens! + completionTokens! },
        ])
        assert.ok(Math.abs(cost - (promptTokens! + 2 * completionTokens!) / 1000) < 1e-6, String(cost))
        assert.deepEqual((await ask(hilo, { conversationId, externalId: conversationId })).usage, usage)
        assert.deepEqual((await readTurns(hilo, conversationId))[0].usage, usage)
      }
    })

    test('requests that count much are added up no further than can be stored', async (t) => {
      const hilo = await startHilo(t, database, priced)
      const usage = { prompt_tokens: 2e9, completion_tokens: 7 }
      const model = await startScriptedModel(t, (_, index) => (
        index > 0 ? { text: 'Done.', usage } : { toolCalls: [{ name: 'mark_as_resolved', arguments: {} }], usage }
      ))
      await setModel(hilo, model.baseUrl)
      const { answer, usage: { promptTokens, completionTokens } } = await ask(hilo, { conversationId: 'c' })
      assert.deepEqual([answer, promptTokens, completionTokens], ['Done.', most, 14])
    })

    test('a turn that fails inside Hilo is paid for, tells what it did, and calls a human where the agent is set so', async (t) => {
      const opened = await openTestDatabase(database)
      const hilo = await startAlone(t, opened, priced)
      t.after(() => opened.close())
      const usage = { prompt_tokens: 50, completion_tokens: 25 }
      const model = await startScriptedModel(t, (_, index) => (
        index > 0 ? { text: 'Done.', usage } : { toolCalls: [{ name: 'mark_as_resolved', arguments: {} }], usage }
      ))
      await setModel(hilo, model.baseUrl, { dailySpendLimit: 0.2, onModelFailure: 'request_human' })
      await refuseAnswers(hilo)
      assertRefused(await query(hilo, { conversationId: 'c' }), { status: 500, code: 'INTERNAL' })
      const [turn] = await readTurns(hilo, 'c')
      const { outcome, messageIds, seenMessageIds, toolCalls } = turn
      assert.deepEqual([outcome, turn.model, messageIds.length, seenMessageIds, toolCalls, turn.usage], [
        'failed', 'scripted', 1, messageIds, [{ name: 'mark_as_resolved', arguments: {} }],
        { promptTokens: 100, completionTokens: 50, totalTokens: 150, cost: 0.2 },
      ])
      assert.equal((await hilo.request('GET', '/api/conversations/c')).body.status, 'HUMAN_REQUESTED')
      assertRefused(await query(hilo, { conversationId: 'other' }), { status: 402, code: 'USAGE_LIMIT' })
    })
  })
}
