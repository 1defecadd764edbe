import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { record } from '../test/query-agent.ts'
import { databases, type Hilo, skipWithout, startHilo, testSecret } from '../test/start-hilo.ts'
import { createTokenSigner, type Token } from './sign-token.ts'

const named = 'crmchatsappai_1_4711'

async function createToken(hilo: Hilo, body: object = {}, key = hilo.key): Promise<string> {
  const answer = await hilo.request('POST', '/api/tokens', { key, body })
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  return answer.body.token
}

async function recordTwo(hilo: Hilo): Promise<{ mine: string, message: string, other: string }> {
  const { conversationId: mine, messageId: message } = await record(hilo, { conversationId: named, query: 'Hola' })
  const { conversationId: other } = await record(hilo, { query: 'Adiós' })
  return { mine, message, other }
}

/** A token that says what we want, made with the key of the servers. */
function forge(hilo: Hilo, token: Partial<Token>): string {
  return createTokenSigner(testSecret).sign({
    organizationId: hilo.organizationId, apiKeyId: 'none', scopes: ['history:read'], expiresAt: Date.now() + 60_000, ...token,
  })
}

/** The first key of the organization. */
async function readKeyId(hilo: Hilo): Promise<string> {
  return (await hilo.request('GET', '/api/api-keys')).body.items.at(-1).id
}

for (const database of databases) {
  describe(`tokens on ${database}`, skipWithout(database), () => {
    test('a token reads what its key reads, says what it may do and until when, and changes nothing', async (t) => {
      const hilo = await startHilo(t, database)
      const { mine } = await recordTwo(hilo)
      const before = Date.now()
      const { status, body } = await hilo.request('POST', '/api/tokens', { body: { expiresInSeconds: 60 } })
      assert.deepEqual([status, body.scopes, body.conversationId], [201, ['history:read'], null])
      const lastsMs = Date.parse(body.expiresAt) - before
      assert.ok(lastsMs >= 60_000 && lastsMs < 90_000, body.expiresAt)
      assert.equal((await hilo.request('GET', '/api/conversations', { key: body.token })).body.items.length, 2)
      const change = { key: body.token, body: { status: 'RESOLVED' } }
      const refused = await hilo.request('PATCH', `/api/conversations/${mine}`, change)
      assert.deepEqual([refused.status, refused.body.code], [403, 'FORBIDDEN'])
      assert.match(refused.body.error, /This token lacks the scope "messages:write"/)
    })

    test('a token bound to a conversation, by any of its ids, reads that one only, under its own id', async (t) => {
      const hilo = await startHilo(t, database)
      const { mine, message, other } = await recordTwo(hilo)
      for (const conversationId of [mine, named]) {
        const { body: { token, conversationId: own } } = await hilo.request('POST', '/api/tokens', { body: { conversationId } })
        assert.equal(own, mine)
        for (const path of ['', '/messages', `/messages/${message}`]) {
          assert.equal((await hilo.request('GET', `/api/conversations/${mine}${path}`, { key: token })).status, 200, path)
          for (const id of [other, named, 'nothing', `${mine}%2F`, `..%2F${mine}`]) {
            const answer = await hilo.request('GET', `/api/conversations/${id}${path}`, { key: token })
            assert.deepEqual([answer.status, answer.body.code, answer.body.hint], [403, 'FORBIDDEN', `Use "${mine}".`], id)
          }
        }
      }
    })

    test('every other route of the API refuses a bound token', async (t) => {
      const hilo = await startHilo(t, database)
      const { mine, message } = await recordTwo(hilo)
      const key = await createToken(hilo, { conversationId: mine })
      const { body: document } = await hilo.request('GET', '/openapi.json')
      const served: string[] = []
      for (const [path, item] of Object.entries<Record<string, { security: object[] }>>(document.paths)) {
        for (const [method, { security }] of Object.entries(item)) {
          if (security.length === 0 || path === '/api/events/stream') continue
          const url = path.replace('{messageId}', message).replace('{id}', mine)
          const answer = await hilo.request(method.toUpperCase(), url, { key, body: method === 'get' ? undefined : {} })
          if (answer.status === 403) assert.match(answer.body.error, /This token reads one conversation;.* its messages and turns,/, path)
          else served.push(`${method} ${path} ${answer.status}`)
        }
      }
      assert.deepEqual(served.sort(), [
        'get /api/conversations/{id} 200', 'get /api/conversations/{id}/messages 200',
        'get /api/conversations/{id}/messages/{messageId} 200', 'get /api/conversations/{id}/turns 200',
        'get /api/events 200',
      ])
    })

    test('a conversation that is missing by mistake makes no token, rather than one for everything', async (t) => {
      const hilo = await startHilo(t, database)
      for (const conversationId of [null, '', [], {}, true]) {
        const answer = await hilo.request('POST', '/api/tokens', { body: { conversationId } })
        assert.deepEqual([answer.status, answer.body.field], [400, 'conversationId'], JSON.stringify(conversationId))
      }
      const unknown = await hilo.request('POST', '/api/tokens', { body: { conversationId: 'x' } })
      assert.deepEqual([unknown.status, unknown.body.field], [404, 'conversationId'])
      const neighbour = await hilo.createNeighbour()
      const { mine } = await recordTwo(neighbour)
      for (const conversationId of [mine, named]) {
        assert.equal((await hilo.request('POST', '/api/tokens', { body: { conversationId } })).status, 404)
      }
    })

    test('a token lasts a second at least and a day at most, and only reads', async (t) => {
      const hilo = await startHilo(t, database)
      for (const expiresInSeconds of [0, -1, 86_401, 1.5, 'x', null]) {
        const answer = await hilo.request('POST', '/api/tokens', { body: { expiresInSeconds } })
        assert.deepEqual([answer.status, answer.body.field], [400, 'expiresInSeconds'], String(expiresInSeconds))
      }
      for (const scopes of [[], ['admin'], ['messages:write'], ['history:read', 'admin'], 'history:read']) {
        assert.equal((await hilo.request('POST', '/api/tokens', { body: { scopes } })).status, 400, String(scopes))
      }
    })

    test('a key gives away only what it has; a token makes no token', async (t) => {
      const hilo = await startHilo(t, database)
      for (const scope of ['history:read', 'admin'] as const) await createToken(hilo, {}, await hilo.createKey([scope]))
      const writing = await hilo.createKey(['messages:write', 'contacts:write'])
      const refused = await hilo.request('POST', '/api/tokens', { key: writing, body: {} })
      assert.deepEqual([refused.status, refused.body.field], [403, 'scopes'])
      const again = await hilo.request('POST', '/api/tokens', { key: await createToken(hilo), body: {} })
      assert.deepEqual([again.status, again.body.code], [403, 'FORBIDDEN'])
      assert.match(again.body.error, /cannot make another token/)
    })

    test('a token is refused once it has expired, its key is revoked or has expired, or anything of it changed', async (t) => {
      const hilo = await startHilo(t, database)
      const read = async (key: string) => (await hilo.request('GET', '/api/organization', { key })).status
      const { body: other } = await hilo.request('POST', '/api/api-keys', { body: { name: 'x', scopes: ['history:read'] } })
      const token = await createToken(hilo, {}, other.key)
      assert.equal(await read(token), 200)
      for (const changed of [`${token}x`, token.slice(0, -1), token.replace(/_e/, '_f'), `${token.split('.')[0]}.`]) {
        assert.equal(await read(changed), 401, changed)
      }
      await hilo.request('DELETE', `/api/api-keys/${other.id}`)
      assert.equal(await read(token), 401)

      const apiKeyId = await readKeyId(hilo)
      assert.equal(await read(forge(hilo, { apiKeyId })), 200)
      const expired = await hilo.request('GET', '/api/organization', { key: forge(hilo, { apiKeyId, expiresAt: Date.now() }) })
      assert.equal(expired.status, 401)
      assert.match(expired.body.error, /The token expired at 20.*Z\. Make a new one/)
      await hilo.asOwner((tx) => tx.updateTable('api_keys').set({ expires_at: new Date(0) })
        .where('organization_id', '=', hilo.organizationId).execute())
      const late = await startHilo(t, database, {}) // remembers nothing of the key
      assert.equal((await late.request('GET', '/api/organization', { key: forge(hilo, { apiKeyId }) })).status, 401)
    })

    test('a token is good for the organization of its key only, and only with the right secret', async (t) => {
      const hilo = await startHilo(t, database)
      const neighbour = await hilo.createNeighbour()
      const apiKeyId = await readKeyId(hilo)
      const read = async (key: string) => (await hilo.request('GET', '/api/organization', { key })).status
      assert.equal(await read(forge(neighbour, { apiKeyId })), 401)
      assert.equal(await read(forge(hilo, { apiKeyId: 'none' })), 401)
      const elsewhere = createTokenSigner('another secret of thirty-two characters')
      assert.equal(await read(elsewhere.sign(createTokenSigner(testSecret).read(forge(hilo, { apiKeyId }))!)), 401)
    })

    test('a visitor who calls too often uses up the limit of the token, not that of the key', async (t) => {
      const hilo = await startHilo(t, database, { rateLimit: 3 })
      const token = await createToken(hilo)
      const read = async (key: string) => (await hilo.request('GET', '/api/organization', { key })).status
      for (const status of [200, 200, 200, 429]) assert.equal(await read(token), status)
      assert.equal(await read(hilo.key), 200)
    })

    test('in a query string a token opens nothing where the route does not say so', async (t) => {
      const hilo = await startHilo(t, database)
      const token = await createToken(hilo)
      for (const path of ['/api/conversations', '/api/organization']) {
        assert.equal((await hilo.request('GET', `${path}?token=${token}`, { key: null })).status, 401, path)
      }
    })
  })
}
