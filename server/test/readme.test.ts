// Alone: it takes a minute, and is to begin early.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { readBlocks } from './document.ts'
import { followDocument } from './follow-document.ts'
import { fillNode } from './n8n.ts'
import { databases, skipWithout, startHilo } from './start-hilo.ts'

const missing = ['bash', 'curl'].filter((program) => spawnSync(program, ['--version']).error)
const withoutShell = missing.length > 0 && `not on this machine: ${missing.join(', ')}`

for (const database of databases) {
  const skip = skipWithout(database).skip || withoutShell

  describe(`documents on ${database}`, { skip }, () => {
    for (const [path, blocks] of [['README.md', 11], ['docs/guides/move-from-an-existing-installation.md', 6]] as const) {
      test(`the commands of ${path} work, and answer what it shows`, async (t) => {
        assert.ok(await followDocument(t, path, database) >= blocks)
      })
    }
  })

  describe(`n8n on ${database}`, skipWithout(database), () => {
    for (const path of ['README.md', 'docs/guides/record-from-n8n.md', 'docs/guides/when-a-human-takes-over.md']) {
      for (const { mark, text, where } of readBlocks(path).filter((block) => block.mark.startsWith('n8n '))) {
        test(`the body for n8n at ${where} is accepted without a warning`, async (t) => {
          const hilo = await startHilo(t, database)
          const body = fillNode(text, mark.replace('n8n ', ''), hilo) as { messages?: object[] }
          const door = body.messages ? 'messages' : 'query-agent'

          const answer = await hilo.request('POST', `/api/agents/${hilo.agentId}/${door}?explain=true`, { body })

          assert.equal(answer.status, 200, JSON.stringify(answer.body))
          const [result] = body.messages ? answer.body.results : [answer.body]
          assert.deepEqual(result.resolution?.warnings, [], JSON.stringify(result))
          assert.deepEqual(result.resolution.contact.attachedIdentities, [{ kind: 'phone', value: '+5491155550000' }])
        })
      }
    }
  })
}
