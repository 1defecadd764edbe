import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { recordMessages } from '../test/record-messages.ts'
import { databases, skipWithout, startHilo } from '../test/start-hilo.ts'

for (const database of databases) {
  describe(`a conversation on ${database}`, skipWithout(database), () => {
    test('comes with its newest 50 messages; the cursor reads on here and in its messages', async (t) => {
      const hilo = await startHilo(t, database)
      const recorded = await recordMessages(hilo, Array.from({ length: 60 }, (_, number) => (
        { query: `${number}`, conversationId: 'long', isDraft: number === 59 }
      )))
      const path = `/api/conversations/${recorded[0]!.conversationId}`
      const { status, body } = await hilo.request('GET', path)
      assert.equal(status, 200)
      const newestFirst = recorded.map((one) => one.messageId).reverse()
      assert.deepEqual(body.messages.map((one: { id: string }) => one.id), newestFirst.slice(0, 50))
      assert.deepEqual([body.messages[0].isDraft, body.messages[1].isDraft], [true, false])
      assert.deepEqual([body.messageCount, body.lastMessage.id], [60, newestFirst[1]])
      const here = await hilo.request('GET', `${path}?cursor=${body.nextCursor}`)
      const there = await hilo.request('GET', `${path}/messages?cursor=${body.nextCursor}`)
      assert.deepEqual(here.body.messages.map((one: { id: string }) => one.id), newestFirst.slice(50))
      assert.deepEqual(there.body.items, here.body.messages)
      assert.deepEqual([here.body.nextCursor, there.body.nextCursor], [null, null])
      const { messages, nextCursor, previousCursor, ...conversation } = body
      assert.ok(messages && nextCursor && previousCursor)
      assert.deepEqual((await hilo.request('GET', '/api/conversations')).body.items, [conversation])
    })

    test('is found by its own id and by every conversationId that it was recorded with', async (t) => {
      const hilo = await startHilo(t, database)
      const ids = ['crmchatsappai_7_123', 'deal 9/ñ', '🙂'.repeat(256)]
      const channelExternalId = `${hilo.organizationId}_${hilo.agentId}_5491155550000`
      const [one] = await recordMessages(hilo, ids.map((conversationId) => (
        { query: 'hello', channel: 'whatsapp', channelExternalId, conversationId }
      )))
      for (const id of [one!.conversationId, ...ids]) {
        const { status, body } = await hilo.request('GET', `/api/conversations/${encodeURIComponent(id)}`)
        assert.deepEqual([status, body.id, body.messages?.length], [200, one!.conversationId, ids.length], id)
        assert.deepEqual(body.conversationIds.sort(), ids)
      }
    })

    test('shows its addresses and the newest ids that it was recorded with, 50 together', async (t) => {
      const hilo = await startHilo(t, database)
      const channelExternalId = `${hilo.organizationId}_${hilo.agentId}_5491155550000`
      const record = (name: string, length: number) => recordMessages(hilo, Array.from({ length }, (_, number) => (
        { query: 'hello', channel: 'whatsapp', channelExternalId, conversationId: `${name}-${number}` }
      )))
      await record('old', 60)
      const [one] = await record('new', 2)
      const { body } = await hilo.request('GET', `/api/conversations/${one!.conversationId}`)
      assert.deepEqual(body.keys, [{ kind: 'whatsapp', value: `${hilo.agentId}_+5491155550000` }])
      assert.equal(body.conversationIds.length, 49)
      assert.deepEqual(body.conversationIds.slice(0, 2), ['new-0', 'new-1'])
    })

    test('that is unknown, another organization\'s or hostile reads as not there', async (t) => {
      const hilo = await startHilo(t, database)
      const [one] = await recordMessages(hilo, [{ query: 'hello', conversationId: 'crm-1' }])
      const neighbour = await hilo.createNeighbour()
      const ids = [one!.conversationId, 'crm-1', 'nowhere', "' or 1=1 --", '..', '%', '__proto__', 'x'.repeat(256)]
      for (const id of ids) {
        const { status, body } = await neighbour.request('GET', `/api/conversations/${encodeURIComponent(id)}`)
        assert.deepEqual([status, body.code], [404, id === '..' ? 'ROUTE_NOT_FOUND' : 'NOT_FOUND'], id)
      }
      for (const id of ['%00', 'a%0Ab', 'x'.repeat(257), '%ff']) {
        const { status } = await neighbour.request('GET', `/api/conversations/${id}`)
        assert.equal(status, 400, id)
      }
    })

    test('needs a key that may read the history', async (t) => {
      const hilo = await startHilo(t, database)
      await recordMessages(hilo, [{ query: 'hello', conversationId: 'crm-1' }])
      const writer = await hilo.createKey(['messages:write', 'contacts:write'])
      for (const path of ['', '/crm-1', '/crm-1/messages', '/crm-1/messages/m']) {
        assert.equal((await hilo.request('GET', `/api/conversations${path}`, { key: writer })).status, 403)
        assert.equal((await hilo.request('GET', `/api/conversations${path}`, { key: null })).status, 401)
      }
    })
  })
}
