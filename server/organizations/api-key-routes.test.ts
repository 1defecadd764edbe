import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { databases, skipWithout, startHilo } from '../test/start-hilo.ts'
import { hashApiKey } from './api-key-secret.ts'

for (const database of databases) {
  describe(database, skipWithout(database), () => {
    test('a new key is shown once, works, and is stored as a hash only', async (t) => {
      const hilo = await startHilo(t, database)
      const { status, body } = await hilo.request('POST', '/api/api-keys', {
        body: { name: 'n8n', scopes: ['messages:write', 'history:read'], expiresAt: '2999-01-01T00:00:00-03:00' },
      })
      assert.equal(status, 201)
      assert.match(body.key, /^hilo_[0-9A-Za-z]{40}$/)
      const { id, key, createdAt, ...rest } = body
      assert.deepEqual(rest, {
        name: 'n8n', prefix: key.slice(0, 9), scopes: ['messages:write', 'history:read'],
        expiresAt: '2999-01-01T03:00:00.000Z', revokedAt: null, lastUsedAt: null,
      })
      assert.ok(Date.parse(createdAt))
      assert.equal((await hilo.request('GET', '/api/agents', { key })).status, 200)

      const listed = await hilo.request('GET', '/api/api-keys')
      assert.equal(listed.body.items[0].id, id)
      assert.ok(!JSON.stringify(listed.body).includes(key.slice(9)))
      assert.ok(!JSON.stringify(listed.body).includes(hashApiKey(key)))
      const stored = await hilo.asOwner((tx) => tx.selectFrom('api_keys').selectAll().where('id', '=', id).execute())
      assert.equal(stored[0]!.hash, hashApiKey(key))
      assert.ok(!JSON.stringify(stored).includes(key.slice(9)))
    })

    test('a key that makes no sense is refused, naming the field', async (t) => {
      const hilo = await startHilo(t, database)
      const good = { name: 'x', scopes: ['admin'] }
      const cases: [body: object, field: string][] = [
        [{ ...good, name: undefined }, 'name'], [{ ...good, name: '' }, 'name'], [{ ...good, name: 5 }, 'name'],
        [{ ...good, scopes: undefined }, 'scopes'], [{ ...good, scopes: [] }, 'scopes'],
        [{ ...good, scopes: ['admin', 'admin'] }, 'scopes'], [{ ...good, scopes: ['root'] }, 'scopes[0]'],
        [{ ...good, expiresAt: 'tomorrow' }, 'expiresAt'], [{ ...good, expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
        [{ ...good, expiresAt: '9999-12-31T23:59:59-23:00' }, 'expiresAt'], [{ ...good, name: ' ' }, 'name'],
      ]
      for (const [body, field] of cases) {
        const answer = await hilo.request('POST', '/api/api-keys', { body })
        assert.deepEqual([answer.status, answer.body.code, answer.body.field], [400, 'INVALID_REQUEST', field])
      }
      assert.equal((await hilo.request('GET', '/api/api-keys')).body.items.length, 1)
    })

    test('revoking twice does no harm, and is written down once', async (t) => {
      const hilo = await startHilo(t, database)
      const { body: { id } } = await hilo.request('POST', '/api/api-keys', { body: { name: 'x', scopes: ['admin'] } })
      for (let time = 0; time < 2; time++) {
        const { status, body } = await hilo.request('DELETE', `/api/api-keys/${id}`)
        assert.deepEqual([status, body], [204, ''])
      }
      const { body } = await hilo.request('GET', '/api/audit-log')
      assert.equal(body.items.filter((entry: { action: string }) => entry.action === 'api_key.revoked').length, 1)
      const { body: { items: [revoked] } } = await hilo.request('GET', '/api/api-keys')
      assert.ok(Date.parse(revoked.revokedAt))
    })

    test('a key may revoke itself', async (t) => {
      const hilo = await startHilo(t, database)
      const { body: { id, key } } = await hilo.request('POST', '/api/api-keys', { body: { name: 'x', scopes: ['admin'] } })
      assert.equal((await hilo.request('DELETE', `/api/api-keys/${id}`, { key })).status, 204)
      assert.equal((await hilo.request('DELETE', `/api/api-keys/${id}`, { key })).status, 401)
    })

    test('revoking a key that is none is 404', async (t) => {
      const hilo = await startHilo(t, database)
      const { status, body } = await hilo.request('DELETE', '/api/api-keys/nobody')
      assert.deepEqual([status, body.code, body.field], [404, 'NOT_FOUND', 'id'])
    })
  })
}
