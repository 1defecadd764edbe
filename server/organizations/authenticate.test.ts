import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'
import { type Scope, scopes } from './scopes.ts'

/** One request for each scope. */
const doors: [scope: Scope, method: string, path: (hilo: Hilo) => string, body?: object][] = [
  ['messages:write', 'POST', ({ agentId }) => `/api/agents/${agentId}/resolve`, { query: 'x' }],
  ['history:read', 'GET', () => '/api/agents'],
  ['contacts:write', 'POST', () => '/api/contacts', { firstName: 'Ana' }],
  ['admin', 'GET', () => '/api/api-keys'],
]

async function readLastUse(hilo: Hilo): Promise<Date | null> {
  const [row] = await hilo.asOwner((tx) => tx.selectFrom('api_keys').select('last_used_at')
    .where('organization_id', '=', hilo.organizationId).execute())
  return row!.last_used_at
}

for (const database of databases) {
  describe(database, skipWithout(database), () => {
    test('without a good key every path of the API is 401, whatever its body', async (t) => {
      const hilo = await startHilo(t, database)
      const expired = await hilo.createKey(scopes, new Date(Date.now() - 1000))
      const headers: (string | undefined)[] = [
        undefined, 'Bearer', `Bearer ${hilo.key}x`, `Basic ${hilo.key}`, hilo.key, `Bearer ${expired}`, 'Bearer \u00ff',
        `Bearer ${'x'.repeat(2000)}`, `Bearer ${hilo.key} ${hilo.key}`,
      ]
      for (const authorization of headers) {
        const answer = await hilo.request('POST', `/api/agents/${hilo.agentId}/query-agent`, {
          key: null, rawBody: '{"no JSON', headers: authorization === undefined ? {} : { authorization },
        })
        assert.deepEqual([answer.status, answer.body.code], [401, 'UNAUTHORIZED'], authorization)
        assert.equal(answer.headers.get('www-authenticate'), 'Bearer')
        assert.match(answer.body.error, /Authorization: Bearer/)
      }
    })

    test('the scheme may be written in any case', async (t) => {
      const hilo = await startHilo(t, database)
      for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Bearer ']) {
        const headers = { authorization: `${scheme} ${hilo.key}` }
        assert.equal((await hilo.request('GET', '/api/organization', { key: null, headers })).status, 200, scheme)
      }
    })

    for (const scope of scopes) {
      test(`a key with ${scope} opens its own doors${scope === 'admin' ? ' and all others' : ' only'}`, async (t) => {
        const hilo = await startHilo(t, database)
        const key = await hilo.createKey([scope])
        for (const [needed, method, path, body] of doors) {
          const answer = await hilo.request(method, path(hilo), { key, body })
          if (scope === needed || scope === 'admin') {
            assert.ok(answer.status < 300, `${needed}: ${answer.status}`)
          } else {
            assert.deepEqual([answer.status, answer.body.code], [403, 'FORBIDDEN'], needed)
            assert.match(answer.body.error, new RegExp(`lacks the scope "${needed}"`))
          }
        }
        assert.equal((await hilo.request('GET', '/api/organization', { key })).status, 200)
      })
    }

    test('a revoked key is refused from the next request on', async (t) => {
      const hilo = await startHilo(t, database)
      const { body: { id, key } } = await hilo.request('POST', '/api/api-keys', { body: { name: 'x', scopes: ['admin'] } })
      assert.equal((await hilo.request('GET', '/api/organization', { key })).status, 200)
      assert.equal((await hilo.request('DELETE', `/api/api-keys/${id}`)).status, 204)
      assert.equal((await hilo.request('GET', '/api/organization', { key })).status, 401)
    })

    test('a request is noted as the last use of its key', async (t) => {
      const hilo = await startHilo(t, database, {})
      assert.equal(await readLastUse(hilo), null)
      await hilo.request('GET', '/api/organization')
      await hilo.app.close() // waits for what is being written
      const first = await readLastUse(hilo)
      assert.ok(first)
    })

    test('over the limit of its key a caller gets 429 and when to come back; another key does not', async (t) => {
      const hilo = await startHilo(t, database, { rateLimit: 3 })
      const other = await hilo.createKey(scopes)
      for (let count = 1; count <= 3; count++) assert.equal((await hilo.request('GET', '/api/organization')).status, 200)
      const answer = await hilo.request('GET', '/api/organization')
      assert.deepEqual([answer.status, answer.body.code], [429, 'RATE_LIMITED'])
      assert.match(answer.headers.get('retry-after') ?? '', /^([1-9]|[1-5]\d|60)$/)
      assert.equal((await hilo.request('GET', '/api/organization', { key: other })).status, 200)
      assert.equal((await hilo.request('GET', '/livez')).status, 200)
    })

    test('an address that tries keys is slowed down, while good keys from there go on working', async (t) => {
      const hilo = await startHilo(t, database, {})
      const statuses = new Set<number>()
      for (let count = 0; count < 301; count++) {
        const { status } = await hilo.request('GET', '/api/organization', { key: 'x'.repeat(40) })
        statuses.add(status)
      }
      assert.deepEqual([...statuses], [401, 429])
      assert.equal((await hilo.request('GET', '/api/organization')).status, 200)
    })
  })
}
