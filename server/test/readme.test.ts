import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { runInNewContext } from 'node:vm'
import { readBlocks } from './document.ts'
import { followDocument } from './follow-document.ts'
import { databases, skipWithout, startHilo } from './start-hilo.ts'

const missing = ['bash', 'curl'].filter((program) => spawnSync(program, ['--version']).error)
const withoutShell = missing.length > 0 && `not on this machine: ${missing.join(', ')}`

/** What the nodes of n8n before ours hand over, in the parts that the documents use. */
const n8nItems: Record<string, object> = {
  // The answer of WhatsApp's Cloud API to a message that was sent.
  'whatsapp-sent': {
    messaging_product: 'whatsapp',
    contacts: [{ input: '+54 9 11 5555-0000', wa_id: '5491155550000' }],
    messages: [{ id: 'wamid.HBgNNTQ5MTE1NTU1MDAwMBUCABEYEjk4RkQ2MkQyN0E4OTM2RUYxNQA=' }],
  },
  // What the WhatsApp Trigger hands over of a webhook.
  'whatsapp-received': {
    messaging_product: 'whatsapp',
    contacts: [{ profile: { name: 'Luz "la jefa"' }, wa_id: '5491155550000' }],
    messages: [{
      from: '5491155550000', id: 'wamid.HBgNNTQ5MTE1NTU1MDAwMBUCABIYFDNBMEQ2MzU1MjFGRDQ0RTk2QzE5AA==',
      timestamp: '1772460090', type: 'text', text: { body: 'Two questions:\n"when" and \\where\\?' },
    }],
    field: 'messages',
  },
  // The body of Chatwoot's webhook message_created, for what an operator wrote.
  chatwoot: {
    body: {
      event: 'message_created', id: 48121, content: 'It left today.\nHere is the "tracking number".', message_type: 'outgoing',
      private: false, created_at: '2026-03-02T14:05:09.000Z', account: { id: 12, name: 'Acme' },
      sender: { id: 3, name: 'Ana', type: 'user' },
      conversation: { id: 345, meta: { sender: { phone_number: '+5491155550000' } } },
    },
  },
}

/** Fills in `{{ … }}` as n8n does: the text of the value stands in its place. */
function fillExpressions(text: string, item: object): string {
  const nodes = { 'AI Agent': { item: { json: { output: 'It is "on its way".\nAnything else?' } } } }
  const scope = { $json: item, $: (name: keyof typeof nodes) => nodes[name] }
  return text.replace(/\{\{(.+?)\}\}/g, (_, expression: string) => String(runInNewContext(expression, scope)))
}

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
    for (const path of ['README.md', 'docs/guides/record-from-n8n.md']) {
      for (const { mark, text, where } of readBlocks(path).filter((block) => block.mark.startsWith('n8n '))) {
        test(`the body for n8n at ${where} is accepted without a warning`, async (t) => {
          const hilo = await startHilo(t, database)
          const ids = text.replaceAll('ORGANIZATION_ID', hilo.organizationId).replaceAll('AGENT_ID', hilo.agentId)
          const body = JSON.parse(fillExpressions(ids, n8nItems[mark.replace('n8n ', '')]!)) as { messages?: object[] }
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
