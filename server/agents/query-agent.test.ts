import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { databases, skipWithout, startHilo } from '../test/start-hilo.ts'

for (const database of databases) {
  describe(`query-agent on ${database}`, skipWithout(database), () => {
    test('a recorded message is answered with exactly four keys and reads back', async (t) => {
      const hilo = await startHilo(t, database)
      const { status, body } = await hilo.request('POST', `/api/agents/${hilo.agentId}/query-agent`, {
        body: { query: 'Hola', visitorId: 'visitor-abc123', channel: 'website' },
      })
      assert.equal(status, 200, JSON.stringify(body))
      assert.deepEqual(Object.keys(body).sort(), ['conversationId', 'messageId', 'status', 'visitorId'])
      assert.equal(body.visitorId, 'visitor-abc123')
      assert.equal(body.status, 'UNRESOLVED')
      assert.match(body.conversationId, /^c[0-9a-z]{24}$/)
      const row = await hilo.asOwner((tx) => tx.selectFrom('messages').selectAll()
        .where('organization_id', '=', hilo.organizationId).executeTakeFirstOrThrow())
      assert.equal(row.id, body.messageId)
      assert.equal(row.text, 'Hola')
    })
  })
}
