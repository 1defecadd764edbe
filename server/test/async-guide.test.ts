import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { ask, setModel } from './answers.ts'
import { type Block, readBlocks } from './document.ts'
import { startGuideReceiver } from './guide-receiver.ts'
import { fillExpressions, fillNode } from './n8n.ts'
import { Placeholders } from './placeholders.ts'
import { record } from './query-agent.ts'
import { openPieces, startScriptedModel } from './scripted-model.ts'
import { startAlone } from './start-hilo.ts'
import { databases, openTestDatabase, skipWithout } from './test-databases.ts'
import { startReceiver } from './webhook-receiver.ts'
import { webhookTimes } from './webhooks.ts'

const guide = 'docs/guides/answer-asynchronously.md'
const missing = ['bash', 'curl'].filter((program) => spawnSync(program, ['--version']).error)
const withoutShell = missing.length > 0 && `not on this machine: ${missing.join(', ')}`
const endpointOfGuide = 'cmws1u3p8x2k5m7q9s1v4y6a8'

const blocksOf = (mark: string): Block[] => readBlocks(guide).filter((block) => block.mark === mark)

/** Types the commands of the guide into one shell after the other, which remember the variables. */
function createShell(fill: (text: string) => string) {
  const commands = blocksOf('async run').values()
  let variables = ''
  return async (replaced: Record<string, string> = {}) => {
    const { text: shown, where } = commands.next().value!
    const script = Object.entries(replaced).reduce((all, [from, to]) => all.replace(from, to), fill(shown))
    const child = spawn('bash', ['-c', `set -euo pipefail\n${variables}${script}`], { stdio: ['ignore', 'pipe', 'ignore'] })
    variables += script.split('\n').filter((line) => /^[A-Z]+=\S+$/.test(line)).map((line) => `${line}\n`).join('')
    const printed = await text(child.stdout)
    assert.match(printed, /^\{/, where)
    return JSON.parse(printed) as { secret: string, messageId: string, items: { id: string, kind: string }[] }
  }
}

for (const kind of databases) {
  describe(`the guide ${guide} on ${kind}`, { skip: skipWithout(kind).skip || withoutShell }, () => {
    test('its commands and its receiver bring the answer, and say where there is none', async (t) => {
      const database = await openTestDatabase(kind)
      t.after(() => database.close())
      const hilo = await startAlone(t, database, { webhookTimes })
      const slow = openPieces()
      const model = await startScriptedModel(t, (_, index) => (
        [{ text: 'It arrives on Monday.' }, { status: 400 }][index] ?? slow
      ))
      await setModel(hilo, model.baseUrl)
      const placeholders = new Placeholders()
      placeholders.know(hilo, model.baseUrl)
      const run = createShell((shown) => placeholders.fill(shown))
      await run()
      const { items } = await run()
      const { secret } = await run({ [endpointOfGuide]: items.find((one) => one.kind === 'answers')!.id })
      const { url, readLine } = await startGuideReceiver(t, guide, { mark: 'node answers', secret })
      assert.equal((await fetch(url, { method: 'POST', body: '{}' })).status, 401)
      const asked = await run({ 'http://127.0.0.1:8080/': url })
      placeholders.compare(blocksOf('async answer')[0]!.text.replace(/\n */g, '').replaceAll('": ', '":'), JSON.stringify(asked), guide)
      assert.equal(await readLine(), 'to 5491155552222: It arrives on Monday.')
      const askAgain = async () => (await hilo.request('POST', `/api/agents/${hilo.agentId}/query`, {
        body: { query: 'And?', conversationId: 'c', webhookUrl: url },
      })).body.messageId as string
      const failed = await askAgain()
      assert.ok((await readLine()).startsWith(`no answer to ${failed}: `))
      const taken = await askAgain()
      await model.waitFor(3)
      await record(hilo, { conversationId: 'c', author: { kind: 'human' } })
      slow.end()
      assert.equal(await readLine(), `no answer to ${taken}: human_took_over`)
    })
  })

  describe(`the flow of n8n in ${guide} on ${kind}`, skipWithout(kind), () => {
    test('has the answer at the address of its execution, once it waits there, and knows which message it is for', async (t) => {
      const database = await openTestDatabase(kind)
      t.after(() => database.close())
      const hilo = await startAlone(t, database, { webhookTimes })
      const model = await startScriptedModel(t, () => ({ text: 'It arrives on Monday.' }))
      await setModel(hilo, model.baseUrl)
      const receiver = await startReceiver(t, (_, index) => ({ status: index === 0 ? 409 : 200 }))
      const { text: node, mark } = readBlocks(guide).find((block) => block.mark.startsWith('n8n-async '))!
      const said = { ...fillNode(node, mark.replace('n8n-async ', ''), { ...hilo, resumeUrl: receiver.url }) }
      const asked = await ask(hilo, said)
      assert.deepEqual([asked.request_human, asked.answer], [false, undefined])
      const item = { body: (await receiver.waitFor(2))[1]!.event }
      const [condition] = blocksOf('n8n-async-if')
      const decide = (waited: object, output: object) => (
        fillExpressions(condition!.text.trim(), waited, { outputs: { 'Ask Hilo': output } })
      )
      assert.equal(decide(item, asked), 'true')
      assert.equal(decide(item, { messageId: 'of an earlier message' }), 'false')
      assert.equal(decide(asked, asked), 'false', 'nothing came in time')
      assert.equal(fillExpressions('{{ $json.body.data.message.text }}', item), 'It arrives on Monday.')
    })
  })
}
