// Alone: it takes a minute, and is to begin early.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { readBlock, readBlocks } from './document.ts'
import { followDocument } from './follow-document.ts'
import { fillNode } from './n8n.ts'
import { readMessages } from './rows.ts'
import { databases, skipWithout, startHilo } from './start-hilo.ts'

const missing = ['bash', 'curl'].filter((program) => spawnSync(program, ['--version']).error)
const withoutShell = missing.length > 0 && `not on this machine: ${missing.join(', ')}`

/** What customers send on WhatsApp besides plain text, all in one webhook, and what is recorded of it. */
const received: [said: object, text: string][] = [
  [{ type: 'button', button: { text: 'Yes, please', payload: 'yes' } }, 'Yes, please'],
  [{ type: 'interactive', interactive: { type: 'button_reply', button_reply: { id: '1', title: 'Monday' } } }, 'Monday'],
  [{ type: 'interactive', interactive: { type: 'list_reply', list_reply: { id: '2', title: 'Red' } } }, 'Red'],
  [{ type: 'interactive' }, '[interactive]'],
  [{ type: 'image', image: { id: '3', caption: 'This one' } }, 'This one'],
  [{ type: 'audio', audio: { id: '4', voice: true } }, '[audio]'],
]

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
    test('of a webhook all messages are recorded: buttons, captions, voice notes, and those of people without a name', async (t) => {
      const hilo = await startHilo(t, database)
      const node = readBlock('docs/guides/record-from-n8n.md', 'n8n whatsapp-received')
      const common = { from: '5491155550000', timestamp: '1772460090' }
      const reaction = { ...common, id: 'wamid.r', type: 'reaction', reaction: { message_id: 'wamid.0', emoji: '👍' } }
      const messages = received.map(([said], index) => ({ ...common, id: `wamid.${index}`, ...said }))
      const body = fillNode(node, { messages: [...messages, reaction] }, hilo)
      const answer = await hilo.request('POST', `/api/agents/${hilo.agentId}/messages`, { body })
      assert.equal(answer.status, 200, JSON.stringify(answer.body))
      assert.match(JSON.stringify(answer.body.results.at(-1)), /query is empty/)
      assert.deepEqual((await readMessages(hilo)).map(({ text }) => text), received.map(([, text]) => text))
    })

    for (const path of ['docs/guides/record-from-n8n.md', 'docs/guides/when-a-human-takes-over.md']) {
      test(`a picture that a colleague sends in Chatwoot, without a word, is recorded by the body in ${path}`, async (t) => {
        const hilo = await startHilo(t, database)
        const attachments = [{ id: 7, file_type: 'image', data_url: 'https://chat.example.com/drill.png', extension: null }]
        const body = fillNode(readBlock(path, 'n8n chatwoot'), {
          body: {
            id: 48122, content: null, message_type: 'outgoing', private: false, created_at: '2026-03-02T14:05:09.000Z',
            account: { id: 12 }, sender: { id: 3, name: 'Ana', type: 'user' }, attachments,
            conversation: { id: 345, meta: { sender: { phone_number: null } } },
          },
        }, hilo)
        const answer = await hilo.request('POST', `/api/agents/${hilo.agentId}/query-agent`, { body })
        assert.equal(answer.status, 200, JSON.stringify(answer.body))
        const [row] = await readMessages(hilo)
        assert.deepEqual([row!.text, row!.attachments], ['', [{ url: 'https://chat.example.com/drill.png' }]])
      })
    }

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
