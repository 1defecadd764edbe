import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { databases, skipWithout, startHilo } from '../test/start-hilo.ts'

for (const database of databases) {
  describe(database, skipWithout(database), () => {
    test('an agent is created, read and listed', async (t) => {
      const hilo = await startHilo(t, database)
      const created = await hilo.request('POST', '/api/agents', {
        body: { name: 'Sales', systemPrompt: 'You sell tools.', metadata: { team: 'a', list: [1, { b: null }] } },
      })
      assert.equal(created.status, 201)
      assert.match(created.body.id, /^c[0-9a-z]{24}$/)
      const { id, createdAt, updatedAt, name, systemPrompt, metadata } = created.body
      assert.equal(createdAt, updatedAt)
      assert.deepEqual([name, systemPrompt, metadata], ['Sales', 'You sell tools.', { team: 'a', list: [1, { b: null }] }])
      assert.deepEqual((await hilo.request('GET', `/api/agents/${id}`)).body, created.body)
      const { body } = await hilo.request('GET', '/api/agents')
      assert.deepEqual(body, { items: [created.body, body.items[1]], nextCursor: null })
    })

    test('a given id is kept as it is, once', async (t) => {
      const hilo = await startHilo(t, database)
      const ids = ['clq6o7g3h0000qwxyz1234567', 'Ventas_AR-1', 'a'.repeat(256), 'a?b#c%d', 42]
      for (const id of ids) {
        const created = await hilo.request('POST', '/api/agents', { body: { id, name: 'x' } })
        assert.deepEqual([created.status, created.body.id], [201, String(id)])
        assert.equal((await hilo.request('GET', `/api/agents/${encodeURIComponent(id)}`)).body.id, String(id))
        const again = await hilo.request('POST', '/api/agents', { body: { id, name: 'y' } })
        assert.deepEqual([again.status, again.body.code, again.body.field], [409, 'ALREADY_EXISTS', 'id'])
      }
      const neighbour = await hilo.createNeighbour()
      assert.equal((await neighbour.request('POST', '/api/agents', { body: { id: ids[0], name: 'x' } })).status, 201)
    })

    test('no id, null and "" make one up', async (t) => {
      const hilo = await startHilo(t, database)
      for (const id of [undefined, null, '']) {
        const { status, body } = await hilo.request('POST', '/api/agents', { body: { id, name: 'x' } })
        assert.equal(status, 201)
        assert.match(body.id, /^c[0-9a-z]{24}$/)
      }
    })

    test('an id that could not stand in a path is refused', async (t) => {
      const hilo = await startHilo(t, database)
      for (const id of ['a/b', 'a b', 'ñ', 'a'.repeat(257), '{{ $json.id }}', 1.5, ' a']) {
        const { status, body } = await hilo.request('POST', '/api/agents', { body: { id, name: 'x' } })
        assert.deepEqual([status, body.code, body.field], [400, 'INVALID_ID', 'id'], String(id))
      }
    })

    test('a change touches only what it names, merges metadata, and null removes', async (t) => {
      const hilo = await startHilo(t, database)
      const { body: { id } } = await hilo.request('POST', '/api/agents', {
        body: { name: 'Sales', systemPrompt: 'You sell.', metadata: { a: 1, b: 2 } },
      })
      const change = async (body: object) => {
        const answer = await hilo.request('PATCH', `/api/agents/${id}`, { body })
        assert.equal(answer.status, 200)
        const { name, systemPrompt, metadata } = answer.body
        return [name, systemPrompt, metadata]
      }
      assert.deepEqual(await change({}), ['Sales', 'You sell.', { a: 1, b: 2 }])
      assert.deepEqual(await change({ name: 'Ventas', id: 'other' }), ['Ventas', 'You sell.', { a: 1, b: 2 }])
      assert.deepEqual(await change({ metadata: { a: null, c: 3 } }), ['Ventas', 'You sell.', { b: 2, c: 3 }])
      assert.deepEqual(await change({ systemPrompt: null }), ['Ventas', null, { b: 2, c: 3 }])
    })

    test('changes at the same time are all kept', async (t) => {
      const hilo = await startHilo(t, database)
      const keys = Array.from({ length: 10 }, (_, index) => `k${index}`)
      await Promise.all(keys.map((key) => (
        hilo.request('PATCH', `/api/agents/${hilo.agentId}`, { body: { metadata: { [key]: true } } })
      )))
      const { body } = await hilo.request('GET', `/api/agents/${hilo.agentId}`)
      assert.deepEqual(Object.keys(body.metadata).sort(), keys)
    })

    test('metadata over 16 KiB is refused, on creation and when merged', async (t) => {
      const hilo = await startHilo(t, database)
      const metadata = { a: 'x'.repeat(10_000) }
      const large = await hilo.request('POST', '/api/agents', { body: { name: 'x', metadata: { a: 'x'.repeat(17_000) } } })
      assert.deepEqual([large.status, large.body.field], [400, 'metadata'])
      assert.equal((await hilo.request('PATCH', `/api/agents/${hilo.agentId}`, { body: { metadata } })).status, 200)
      const merged = await hilo.request('PATCH', `/api/agents/${hilo.agentId}`, { body: { metadata: { b: metadata.a } } })
      assert.deepEqual([merged.status, merged.body.field], [400, 'metadata'])
    })

    test('an agent that is none is 404', async (t) => {
      const hilo = await startHilo(t, database)
      for (const [method, body] of [['GET'], ['PATCH', { name: 'x' }]] as const) {
        const answer = await hilo.request(method, '/api/agents/nobody', { body })
        assert.deepEqual([answer.status, answer.body.code, answer.body.field], [404, 'NOT_FOUND', 'id'])
      }
    })

    test('the list is read page by page, each agent once', async (t) => {
      const hilo = await startHilo(t, database)
      for (let count = 0; count < 6; count++) await hilo.request('POST', '/api/agents', { body: { name: `Agent ${count}` } })
      const names: string[] = []
      let cursor = ''
      do {
        const { body } = await hilo.request('GET', `/api/agents?limit=3&cursor=${cursor}`)
        names.push(...body.items.map((agent: { name: string }) => agent.name))
        cursor = body.nextCursor
      } while (cursor)
      assert.deepEqual(names, ['Agent 5', 'Agent 4', 'Agent 3', 'Agent 2', 'Agent 1', 'Agent 0', 'Test agent'])
      const broken = await hilo.request('GET', '/api/agents?cursor=broken')
      assert.deepEqual([broken.status, broken.body.code, broken.body.field], [400, 'INVALID_REQUEST', 'cursor'])
    })
  })
}
