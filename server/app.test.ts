import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { databases, skipWithout, startHilo } from './test/start-hilo.ts'

for (const database of databases) {
  describe(database, skipWithout(database), () => {
    test('an unknown path is a 404 in the shape of every error', async (t) => {
      const hilo = await startHilo(t, database)
      const { status, body, headers } = await hilo.request('GET', '/nothing')
      assert.equal(status, 404)
      assert.equal(body.code, 'ROUTE_NOT_FOUND')
      assert.equal(body.requestId, headers.get('x-request-id'))
    })
  })
}
