import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { describe, test, type TestContext } from 'node:test'
import { ask, startAnswering } from '../test/answers.ts'
import { databases, skipWithout } from '../test/start-hilo.ts'
import { startServer } from '../test/start-server.ts'
import type { DatabaseKind } from '../test/test-databases.ts'

/** A model that calls the tool once for each question, and the headers with which the tool was called. */
async function start(t: TestContext, database: DatabaseKind, requiresApproval: boolean) {
  const called: IncomingHttpHeaders[] = []
  const shop = await startServer(t, (request, response) => {
    called.push(request.headers)
    response.end('found')
  })
  const { hilo } = await startAnswering(t, database, {
    script: ({ messages }) => (messages.at(-1)!.role === 'tool' ? { text: 'Done.' } : {
      toolCalls: [{ name: 'find_order', arguments: { 'X-Hilo-Contact-Id': 'somebody-else' } }],
    }),
    tools: [{ name: 'find_order', description: 'Finds it.', url: shop.url, method: 'GET', requiresApproval }],
  })
  const readIds = () => called.map((headers) => (
    ['agent', 'conversation', 'contact'].map((whose) => headers[`x-hilo-${whose}-id`])
  ))
  const contactOf = async (conversationId: string): Promise<string> => (
    (await hilo.request('GET', `/api/conversations/${conversationId}`)).body.contact?.id
  )
  return { hilo, readIds, contactOf }
}

for (const database of databases) {
  describe(`who a tool is called for, on ${database}`, skipWithout(database), () => {
    test('a tool hears from Hilo which agent, conversation and contact it is called for', async (t) => {
      const { hilo, readIds, contactOf } = await start(t, database, false)
      const known = await ask(hilo, { channel: 'whatsapp', visitorId: '5491155550000' })
      const unknown = await ask(hilo, {})
      const contactId = await contactOf(known.conversationId)
      assert.ok(contactId)
      assert.deepEqual(readIds(), [
        [hilo.agentId, known.conversationId, contactId], [hilo.agentId, unknown.conversationId, undefined],
      ])
    })

    test('so does one that a person allows, by what is known of the conversation by then', async (t) => {
      const { hilo, readIds, contactOf } = await start(t, database, true)
      const { approvals: [approval], conversationId } = await ask(hilo, { conversationId: 'crm-1' })
      assert.deepEqual(readIds(), [])
      await ask(hilo, { conversationId: 'crm-1', contact: { email: 'ana@example.com' } })
      const { status } = await hilo.request('POST', `/api/approvals/${approval.id}/approve`)
      assert.equal(status, 200)
      const contactId = await contactOf(conversationId)
      assert.ok(contactId)
      assert.deepEqual(readIds(), [[hilo.agentId, conversationId, contactId]])
    })
  })
}
