import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sql } from 'kysely'
import { databases, type Hilo, skipWithout, startHilo, testSecret } from '../test/start-hilo.ts'
import { findTenantTables } from '../test/rows.ts'
import { createAgentEncryption, UnreadableSecretError } from './agent-secrets.ts'
import { openModel, openTools } from './open-settings.ts'

const apiKey = 'sk-proj-very_secret-4711'
const token = 'Bearer hidden-token-0815'
const model = { provider: 'openai', name: 'gpt-4o', apiKey }
const tool = { name: 'refund', description: 'Refunds.', url: 'https://shop.example.com/r', headers: { Authorization: token } }

async function start(...parameters: Parameters<typeof startHilo>) {
  const hilo = await startHilo(...parameters)
  return { hilo, ...within(hilo) }
}

function within(hilo: Hilo, agentId = hilo.agentId) {
  return {
    send: (body: object) => hilo.request('PATCH', `/api/agents/${agentId}`, { body }),
    change: async (body: object) => {
      const answer = await hilo.request('PATCH', `/api/agents/${agentId}`, { body })
      assert.equal(answer.status, 200, JSON.stringify(answer.body))
      return answer.body
    },
    /** What the model and the tools are called with; undefined where nothing is stored. */
    open: (secret = testSecret) => open(hilo, agentId, secret),
  }
}

async function readStored(hilo: Hilo, agentId: string) {
  const { settings } = await hilo.asOwner((tx) => tx.selectFrom('agents').select('settings')
    .where('organization_id', '=', hilo.organizationId).where('id', '=', agentId).executeTakeFirstOrThrow())
  return settings
}

async function open(hilo: Hilo, agentId: string, secret: string) {
  const { model: main, fallbackModel, tools = [] } = await readStored(hilo, agentId)
  const secrets = { encryption: createAgentEncryption({ secret }), organizationId: hilo.organizationId, agentId }
  return {
    model: main && openModel(main, { ...secrets, field: 'model' }).apiKey,
    fallbackModel: fallbackModel && openModel(fallbackModel, { ...secrets, field: 'fallbackModel' }).apiKey,
    headers: openTools(tools, secrets).map(({ headers }) => headers),
  }
}

/** All rows of the organization, of every table, as text. */
function dump(hilo: Hilo): Promise<string> {
  return hilo.asOwner(async (tx) => {
    const texts = (await findTenantTables(tx)).map((table) => sql`
      select to_jsonb(t)::text as text from ${sql.table(table)} t where organization_id = ${hilo.organizationId}
    `)
    const { rows } = await sql.join(texts, sql` union all `).execute(tx)
    return JSON.stringify(rows)
  })
}

for (const database of databases) {
  describe(`credentials of agents on ${database}`, skipWithout(database), () => {
    test('keys and header values are in no answer, list, event, audit line, log or row', async (t) => {
      const lines: string[] = []
      const { hilo, change, send, open } = await start(t, database, {
        logLevel: 'trace', logStream: { write: (line) => lines.push(line) },
      })
      const { body: created } = await hilo.request('POST', '/api/agents', {
        body: { name: 'x', model, fallbackModel: model, tools: [tool] },
      })
      assert.deepEqual(within(hilo, created.id) && await within(hilo, created.id).open(), {
        model: apiKey, fallbackModel: apiKey, headers: [{ Authorization: token }],
      })
      const changed = await change({ model, fallbackModel: model, tools: [tool] })
      assert.deepEqual([changed.model.hasApiKey, changed.tools[0].headers], [true, { Authorization: null }])
      assert.deepEqual((await open()).model, apiKey)
      const wrong = [
        { model: { ...model, temperature: 5 } }, { model: { ...model, apiKey: `${apiKey} {{ $json.key }}` } },
        { model: { ...model, apiKey: [apiKey] } }, { tools: [{ ...tool, headers: { Authorization: `${token}\n` } }] },
        { tools: [{ ...tool, headers: { Authorization: { token } } }] }, { tools: [{ ...tool, method: 'NONE' }] },
      ]
      const refused = await Promise.all(wrong.map(send))
      assert.ok(refused.every(({ status }) => status === 400), JSON.stringify(refused))
      const paths = ['/api/agents', `/api/agents/${hilo.agentId}`, '/api/events', '/api/audit-log']
      const read = await Promise.all(paths.map((path) => hilo.request('GET', path)))
      assert.ok(read.every(({ status }) => status === 200))
      const everything = JSON.stringify([created, changed, refused, read, lines]) + await dump(hilo)
      assert.ok(lines.length > 0 && !everything.includes('very_secret') && !everything.includes('hidden-token'))
      const { body: { items: [last] } } = await hilo.request('GET', '/api/audit-log')
      assert.deepEqual([last.action, last.details], ['agent.updated', { changed: ['model', 'fallbackModel', 'tools'] }])
    })

    test('what is stored opens for this organization, agent and field only, and with this HILO_SECRET', async (t) => {
      const { hilo, change, open } = await start(t, database)
      await change({ model, fallbackModel: { ...model, apiKey: 'other' }, tools: [tool, { ...tool, name: 'second' }] })
      await assert.rejects(() => open('another secret of thirty-two characters'), (error) => (
        error instanceof UnreadableSecretError && error.message.includes('HILO_SECRET') && error.message.includes('model.apiKey')
      ))
      const settings = await readStored(hilo, hilo.agentId)
      const write = (to: Hilo, agentId: string, stored: object) => hilo.asOwner((tx) => (
        tx.updateTable('agents').set({ settings: JSON.stringify(stored) })
          .where('organization_id', '=', to.organizationId).where('id', '=', agentId).execute()
      ))
      const { body: other } = await hilo.request('POST', '/api/agents', { body: { name: 'x' } })
      const neighbour = await hilo.createNeighbour()
      await neighbour.request('POST', '/api/agents', { body: { id: hilo.agentId, name: 'x' } })
      await write(hilo, other.id, settings)
      await write(neighbour, hilo.agentId, settings)
      await assert.rejects(within(hilo, other.id).open(), UnreadableSecretError)
      await assert.rejects(within(neighbour, hilo.agentId).open(), UnreadableSecretError)
      await write(hilo, hilo.agentId, { model: settings.fallbackModel })
      await assert.rejects(open(), UnreadableSecretError)
      const [first, second] = settings.tools!
      await write(hilo, hilo.agentId, { tools: [{ ...second!, headers: first!.headers }] })
      await assert.rejects(open(), UnreadableSecretError)
    })

    test('a key stays without being sent again, but goes to no other place', async (t) => {
      const { change, open } = await start(t, database)
      await change({ model })
      const without = { provider: model.provider, name: model.name }
      for (const fields of [{ name: 'gpt-5' }, { apiKey: null }, { temperature: 1, baseUrl: null }]) {
        const changed = await change({ model: { ...without, ...fields } })
        assert.deepEqual([changed.model.hasApiKey, (await open()).model], [true, apiKey], JSON.stringify(fields))
      }
      for (const fields of [{ baseUrl: 'https://evil.example.com/v1' }, { provider: 'anthropic' }]) {
        await change({ model })
        const changed = await change({ model: { ...without, ...fields } })
        assert.deepEqual([changed.model.hasApiKey, (await open()).model], [false, undefined], JSON.stringify(fields))
        await change({ model: without })
        assert.equal((await open()).model, undefined, 'it is gone for good')
      }
      await change({ model, fallbackModel: without })
      assert.equal((await open()).fallbackModel, undefined)
      await change({ model: null })
      assert.equal((await change({ model: without })).model.hasApiKey, false)
    })

    test('a header that is null keeps its value for the tool of this name, at the same place only', async (t) => {
      const { hilo, change, send, open } = await start(t, database)
      const { tools: [shown] } = await change({ tools: [tool] })
      const kept = [
        shown, { ...shown, url: 'https://shop.example.com/v2?x=1', method: 'GET' }, { ...shown, headers: { authorization: null } },
      ]
      for (const one of kept) {
        await change({ tools: [{ ...tool, name: 'first', headers: {} }, one] })
        assert.deepEqual(Object.values((await open()).headers[1]!), [token])
      }
      const lost = [
        { ...shown, url: 'https://evil.example.com/r' }, { ...shown, url: 'https://shop.example.com:8443/r' },
        { ...shown, name: 'another' }, { ...shown, headers: { 'X-Other': null } },
      ]
      for (const one of lost) {
        const { status, body } = await send({ tools: [one] })
        assert.deepEqual([status, body.code], [400, 'INVALID_REQUEST'])
      }
      await change({ tools: [{ ...shown, headers: { Authorization: 'Bearer fresh', 'X-Two': 'b' } }] })
      assert.deepEqual((await open()).headers, [{ Authorization: 'Bearer fresh', 'X-Two': 'b' }])
      await change({ tools: [{ ...shown, headers: { 'X-Two': null } }] })
      assert.deepEqual((await open()).headers, [{ 'X-Two': 'b' }])
      assert.equal((await hilo.request('GET', '/api/agents')).status, 200)
    })

    test('a key that was not filled in is refused, and not repeated', async (t) => {
      const { send, open } = await start(t, database)
      const keys = ['', 'undefined', 'null', '{{ $json.apiKey }}', '${OPENAI_API_KEY}', '<your_key>', 'sk-a b', 'sk-é', ' sk', 'sk\n']
      for (const key of keys) {
        const { status, body } = await send({ model: { ...model, apiKey: key } })
        assert.deepEqual([status, body.field], [400, 'model.apiKey'], key)
        assert.ok(key.length < 3 || !JSON.stringify(body).includes(key), body.error)
      }
      for (const value of ['Bearer undefined', 'Bearer {{ $json.token }}', '', ' ']) {
        const { status, body } = await send({ tools: [{ ...tool, headers: { Authorization: value } }] })
        assert.deepEqual([status, body.field], [400, 'tools[0].headers.Authorization'], value)
      }
      assert.deepEqual(await open(), { model: undefined, fallbackModel: undefined, headers: [] })
    })
  })
}
