import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test, type TestContext } from 'node:test'
import { ask, setModel } from './answers.ts'
import { readBlocks } from './document.ts'
import { followDocument } from './follow-document.ts'
import { fillNode } from './n8n.ts'
import { startScriptedModel } from './scripted-model.ts'
import { databases, skipWithout, startHilo } from './start-hilo.ts'
import type { DatabaseKind } from './test-databases.ts'

const missing = ['bash', 'curl'].filter((program) => spawnSync(program, ['--version']).error)
const withoutShell = missing.length > 0 && `not on this machine: ${missing.join(', ')}`
const connectGuide = 'docs/guides/connect-a-model.md'
const promptGuide = 'docs/guides/how-the-ai-sees-a-conversation.md'

async function startBoth(t: TestContext, database: DatabaseKind) {
  const model = await startScriptedModel(t, () => ({
    text: 'Your order leaves tomorrow. It arrives two days later.', usage: { prompt_tokens: 231, completion_tokens: 12 },
  }))
  return { hilo: await startHilo(t, database, { allowPrivateTargets: true }), model }
}

for (const database of databases) {
  describe(`guides about answers on ${database}`, { skip: skipWithout(database).skip || withoutShell }, () => {
    test(`the commands of ${connectGuide} work, and answer what it shows`, async (t) => {
      const running = await startBoth(t, database)
      assert.equal(await followDocument(t, connectGuide, running), 7)
      assert.equal(running.model.requests[0]!.model, 'qwen3')
    })

    test(`the model is shown the prompt that ${promptGuide} shows, to the letter`, async (t) => {
      const running = await startBoth(t, database)
      await setModel(running.hilo, running.model.baseUrl, { systemPrompt: 'You sell tools for Ferretería Sur.' })
      assert.equal(await followDocument(t, promptGuide, running), 3)
    })
  })

  describe(`n8n and the AI on ${database}`, skipWithout(database), () => {
    for (const { mark, text, where } of readBlocks(connectGuide).filter((block) => block.mark.startsWith('n8n-query '))) {
      test(`the body for n8n at ${where} is answered, without a warning`, async (t) => {
        const { hilo, model } = await startBoth(t, database)
        await setModel(hilo, model.baseUrl)
        const body = fillNode(text, mark.replace('n8n-query ', ''), hilo)
        const { answer, resolution } = await ask(hilo, { ...body }, { path: '?explain=true' })
        assert.match(answer, /^Your order leaves tomorrow/)
        assert.deepEqual(resolution.warnings, [])
        assert.deepEqual(resolution.contact.attachedIdentities, [{ kind: 'phone', value: '+5491155550000' }])
      })
    }
  })
}
