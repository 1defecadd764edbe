import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ask, readTurns, setModel } from '../test/answers.ts'
import { startScriptedModel } from '../test/scripted-model.ts'
import { databases, skipWithout, startHilo } from '../test/start-hilo.ts'

const priced = { allowPrivateTargets: true, modelPrices: { scripted: { input: 1000, output: 2000 } } }
const most = 2 ** 31 - 1

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
  })
}
