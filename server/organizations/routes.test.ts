import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { databases, skipWithout, startHilo } from '../test/start-hilo.ts'

for (const database of databases) {
  describe(database, skipWithout(database), () => {
    test('the organization of the key is read and changed, and nothing else of it', async (t) => {
      const hilo = await startHilo(t, database)
      const { status, body } = await hilo.request('GET', '/api/organization')
      assert.equal(status, 200)
      assert.deepEqual([body.id, body.name, body.defaultCountry], [hilo.organizationId, 'Test', null])
      const changed = await hilo.request('PATCH', '/api/organization', {
        body: { name: 'Ferretería Sur', defaultCountry: 'AR', id: 'other', unknown: 1 },
      })
      assert.equal(changed.status, 200)
      assert.ok(changed.body.updatedAt >= body.updatedAt)
      assert.deepEqual((await hilo.request('GET', '/api/organization')).body, {
        ...body, name: 'Ferretería Sur', defaultCountry: 'AR', updatedAt: changed.body.updatedAt,
      })
    })

    test('what is absent stays; null takes the country away', async (t) => {
      const hilo = await startHilo(t, database)
      await hilo.request('PATCH', '/api/organization', { body: { defaultCountry: 'BR' } })
      const named = await hilo.request('PATCH', '/api/organization', { body: { name: 'Sur' } })
      assert.deepEqual([named.body.name, named.body.defaultCountry], ['Sur', 'BR'])
      const nothing = await hilo.request('PATCH', '/api/organization', { body: {} })
      assert.deepEqual([nothing.status, nothing.body.defaultCountry], [200, 'BR'])
      for (const none of [null, '']) {
        await hilo.request('PATCH', '/api/organization', { body: { defaultCountry: 'BR' } })
        const { body } = await hilo.request('PATCH', '/api/organization', { body: { defaultCountry: none } })
        assert.equal(body.defaultCountry, null)
      }
    })

    test('a country that is none is refused, with the likely one', async (t) => {
      const hilo = await startHilo(t, database)
      for (const [defaultCountry, hint] of [['ar', 'Did you mean "AR"?'], ['XX', undefined], ['Argentina', undefined]]) {
        const { status, body } = await hilo.request('PATCH', '/api/organization', { body: { defaultCountry } })
        assert.deepEqual([status, body.code, body.field, body.hint], [400, 'INVALID_REQUEST', 'defaultCountry', hint])
      }
    })

    test('national numbers are read with the new country from the next request on', async (t) => {
      const hilo = await startHilo(t, database)
      const body = { query: 'x', channel: 'whatsapp', visitorId: '011 15-5555-0000' }
      const resolve = () => hilo.request('POST', `/api/agents/${hilo.agentId}/resolve`, { body })
      assert.equal((await resolve()).status, 400)
      await hilo.request('PATCH', '/api/organization', { body: { defaultCountry: 'AR' } })
      assert.equal((await resolve()).status, 200)
    })

    test('changes go to the audit log, with who made them; it is read page by page, newest first', async (t) => {
      const hilo = await startHilo(t, database)
      await hilo.request('PATCH', '/api/organization', { body: { name: 'Sur' } })
      const { body: { id: keyId } } = await hilo.request('POST', '/api/api-keys', { body: { name: 'n8n', scopes: ['admin'] } })
      await hilo.request('DELETE', `/api/api-keys/${keyId}`)
      await hilo.request('POST', '/api/agents', { body: { id: 'sales', name: 'Sales' } })
      await hilo.request('PATCH', '/api/agents/sales', { body: { name: 'Sales 2' } })

      const items = []
      let cursor = ''
      do {
        const { body } = await hilo.request('GET', `/api/audit-log?limit=2&cursor=${cursor}`)
        items.push(...body.items)
        cursor = body.nextCursor
      } while (cursor)
      assert.deepEqual(items.map(({ action, subject }) => [action, subject]), [
        ['agent.updated', 'sales'], ['agent.created', 'sales'], ['api_key.revoked', keyId], ['api_key.created', keyId],
        ['organization.updated', hilo.organizationId], ['api_key.created', items[0].actor],
      ])
      assert.equal(new Set(items.slice(0, 5).map(({ actor }) => actor)).size, 1)
      assert.doesNotMatch(JSON.stringify(items), /hilo_[0-9A-Za-z]{20}/)
    })

    test('nobody sees another organization, its keys, agents or audit log', async (t) => {
      const hilo = await startHilo(t, database)
      const { key } = await hilo.createNeighbour()
      const { body: { id: keyId } } = await hilo.request('POST', '/api/api-keys', { body: { name: 'x', scopes: ['admin'] } })
      assert.equal((await hilo.request('DELETE', `/api/api-keys/${keyId}`, { key })).status, 404)
      assert.equal((await hilo.request('GET', `/api/agents/${hilo.agentId}`, { key })).status, 404)
      assert.equal((await hilo.request('PATCH', `/api/agents/${hilo.agentId}`, { key, body: { name: 'x' } })).status, 404)
      for (const path of ['/api/agents', '/api/api-keys', '/api/audit-log', '/api/organization']) {
        const { body } = await hilo.request('GET', path, { key })
        const text = JSON.stringify(body)
        assert.ok(!text.includes(hilo.organizationId) && !text.includes(hilo.agentId) && !text.includes(keyId), path)
      }
    })
  })
}
