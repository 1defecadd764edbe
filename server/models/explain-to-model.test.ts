import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ask, setModel } from '../test/answers.ts'
import { findFreePort } from '../test/find-free-port.ts'
import { startScriptedModel } from '../test/scripted-model.ts'
import { databases, skipWithout, startHilo } from '../test/start-hilo.ts'

for (const database of databases) {
  describe(`what a model is told of failures, on ${database}`, skipWithout(database), () => {
    test('the model hears that a tool and a file failed, and only the log hears at which address and why', async (t) => {
      const lines: string[] = []
      const hilo = await startHilo(t, database, {
        allowPrivateTargets: true, logLevel: 'warn', logStream: { write: (line) => { lines.push(line) } },
      })
      const model = await startScriptedModel(t, (_request, index) => (index === 0
        ? { toolCalls: [{ name: 'find_order', arguments: {} }] } : { text: 'Sorry.' }))
      const url = `http://localhost:${await findFreePort()}/inner`
      await setModel(hilo, model.baseUrl, { tools: [{ name: 'find_order', description: 'Finds it.', url }] })
      const attachments = [{ url: 'http://169.254.169.254/photo.png' }, { url: `${url}.txt` }]
      const { conversationId } = await ask(hilo, { attachments })
      const [asked, told] = model.requests.map(({ messages }) => String(messages.at(-1)!.content))
      assert.equal(asked, 'Hola\n'
        + '[Attachment "photo.png": not shown, as its address may not be called]\n'
        + '[Attachment "inner.txt": not shown, as it could not be reached]')
      assert.equal(told, 'The tool does not work at the moment: it could not be reached.')
      const logged = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
      assert.deepEqual(logged.map(({ msg, reason }) => `${String(msg)}: ${String(reason)}`).sort(), [
        'a tool could not be called: "localhost" refuses the connection: nothing listens on this port.',
        'an attachment could not be fetched: "localhost" refuses the connection: nothing listens on this port.',
        'an attachment could not be fetched: The host "169.254.169.254" is link-local, where clouds keep credentials. Use a '
          + 'public address.',
      ])
      const { tool, agentId, conversationId: where } = logged.find((line) => 'tool' in line)!
      assert.deepEqual([tool, agentId, where], ['find_order', hilo.agentId, conversationId])
    })
  })
}
