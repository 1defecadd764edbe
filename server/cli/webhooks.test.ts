import assert from 'node:assert/strict'
import { after, before, describe, test, type TestContext } from 'node:test'
import { type Beside, serveBeside } from '../test/serve-beside.ts'
import { skipWithout } from '../test/test-databases.ts'
import { startReceiver } from '../test/webhook-receiver.ts'
import { runHilo } from '../test/run-hilo.ts'

describe('hilo webhooks, beside a running server', skipWithout('postgres'), () => {
  let beside: Beside
  before(async () => {
    beside = await serveBeside()
  })
  after(() => beside.stop())

  const hilo = (...args: string[]) => runHilo(['webhooks', ...args], { env: beside.env })
  const say = (query: string) => (
    beside.post(`/api/agents/${beside.agentId}/query-agent`, { query, conversationId: 'one' })
  )

  async function subscribe(t: TestContext, status: number) {
    const receiver = await startReceiver(t, () => ({ status, body: 'thank you\u001b[2J' }))
    const { id } = await beside.post('/api/webhook-endpoints', { url: receiver.url, eventTypes: ['message.created'] })
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
    assert.match(refused.stdout, /^Not accepted: The receiver answered 500; only 200 to 299 is success\.\nIt answered: thank you�\[2J\n/)
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

  test('an endpoint that is none, and a wish that is unclear, are one line each, of commands and options', async (t) => {
    const none = 'No webhook endpoint "nobody" in this organization. "npx hilo webhooks list" lists them.\n'
    assert.equal((await hilo('test', 'nobody')).stderr, none)
    assert.equal((await hilo('redeliver', 'nobody')).stderr, 'Say which events: either --seq, or --failed, '
      + 'or a range that begins with --from-seq or --from and ends with --to-seq or --to.\n')
    assert.equal((await hilo('redeliver', 'nobody', '--to-seq', '9')).stderr, 'The range has no beginning. '
      + 'Add --from-seq, a number, or --from, a time.\n')
    const { id } = await subscribe(t, 204)
    assert.match((await hilo('redeliver', id, '--seq', '9999')).stderr,
      /^No event with the number 9999 .* "npx hilo events tail --after 0 --no-follow" lists what the log still holds\.\n$/)
  })
})
