import assert from 'node:assert/strict'
import { after, before, describe, test, type TestContext } from 'node:test'
import { readConfig } from '../config.ts'
import { openDatabase } from '../database/open.ts'
import { type RunningServer, startServer } from '../start-server.ts'
import { createTestPostgres, skipWithout } from '../test/test-databases.ts'
import { startReceiver } from '../test/webhook-receiver.ts'
import { runHilo } from './run-hilo.ts'

describe('hilo webhooks, beside a running server', skipWithout('postgres'), () => {
  let env: Record<string, string>
  let server: RunningServer
  let close: () => Promise<void>
  let agentId: string
  let key: string

  const hilo = (...args: string[]) => runHilo(['webhooks', ...args], { env })

  before(async () => {
    const postgres = await createTestPostgres()
    env = {
      HILO_DATABASE_URL: postgres.url, HILO_ALLOW_PRIVATE_TARGETS: 'true', HILO_SECRET: 'a secret of this test, long enough',
    }
    const json = async (...args: string[]) => (await runHilo([...args, '--json'], { env })).json()
    await json('organizations', 'create', '--name', 'Sur')
    agentId = (await json('agents', 'create', '--name', 'Sales')).id
    key = (await json('keys', 'create', '--name', 'all', '--scopes', 'admin')).key
    const config = { ...readConfig(env), port: 0, logLevel: 'silent' as const }
    const database = await openDatabase(config)
    server = await startServer(config, { database })
    close = async () => {
      await server.stop()
      await database.close()
      await postgres.drop()
    }
  })
  after(() => close())

  const post = async (path: string, body: object) => {
    const answer = await fetch(server.url + path, {
      method: 'POST', body: JSON.stringify(body),
      headers: { 'authorization': `Bearer ${key}`, 'content-type': 'application/json' },
    })
    return await answer.json() as { id: string }
  }
  const say = (query: string) => post(`/api/agents/${agentId}/query-agent`, { query, conversationId: 'one' })

  async function subscribe(t: TestContext, status: number) {
    const receiver = await startReceiver(t, () => ({ status, body: 'thank you' }))
    const { id } = await post('/api/webhook-endpoints', { url: receiver.url, eventTypes: ['message.created'] })
    return { receiver, id }
  }

  test('without any endpoint, the list says where to make one', async () => {
    assert.match((await hilo('list')).stdout, /^There is no webhook endpoint in organization c\w+ yet\. Make one at POST /)
  })

  test('a test is sent at once and shows what the receiver answered; exit code 1 if it was not accepted', async (t) => {
    const good = await subscribe(t, 204)
    const accepted = await hilo('test', good.id)
    assert.match(accepted.stdout, /^Accepted with status 204 after \d+ ms\.\n/)
    assert.equal(accepted.exitCode, 0)
    assert.equal(good.receiver.received[0]!.event.type, 'webhook.test')
    const bad = await subscribe(t, 500)
    const refused = await hilo('test', bad.id)
    assert.match(refused.stdout, /^Not accepted: The receiver answered 500; only 200 to 299 is success\.\nIt answered: thank you\n/)
    assert.equal(refused.exitCode, 1)
  })

  test('what is sent again reaches the receiver from the running server, and the list shows the state', async (t) => {
    const { receiver, id } = await subscribe(t, 204)
    await say('Hello')
    const [first] = await receiver.waitFor(1)
    const again = await hilo('redeliver', id, '--seq', String(first!.event.seq))
    assert.equal(again.stdout, '1 event waits to be sent; the running server begins within a second.\n')
    assert.equal((await receiver.waitFor(2))[1]!.event.id, first!.event.id)
    const { stdout } = await hilo('list')
    assert.match(stdout, new RegExp(`${id} +works +\\d+ +message\\.created +${receiver.url}`))
  })

  test('an endpoint that is none, and a wish that is unclear, are one line each', async () => {
    assert.match((await hilo('test', 'nobody')).stderr, /^No webhook endpoint "nobody" in this organization\./)
    assert.match((await hilo('redeliver', 'nobody')).stderr, /^Say which events: either "seq"/)
  })
})
