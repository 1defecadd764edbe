import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { text } from 'node:stream/consumers'
import { describe, test, type TestContext } from 'node:test'
import { compileFunction } from 'node:vm'
import { Webhook } from 'standardwebhooks'
import { readBlock, root } from './document.ts'
import { startGuideReceiver } from './guide-receiver.ts'
import { record } from './query-agent.ts'
import { makeFolder } from './spawn-hilo.ts'
import { type Hilo, startAlone, startHilo } from './start-hilo.ts'
import { databases, openTestDatabase, skipWithout } from './test-databases.ts'

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo='
const guide = 'docs/guides/receive-events.md'
const catchUpGuide = 'docs/guides/catch-up-after-an-outage.md'

function sign(body: string, id: string, at = new Date()): Record<string, string> {
  return {
    'webhook-id': id, 'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, at, body),
  }
}

const body = JSON.stringify({ type: 'message.created', data: { message: { text: 'Olá' } } })

test('the receiver in Node takes what is signed, each event once, and refuses the rest', async (t) => {
  const { url, readLine } = await startGuideReceiver(t, guide, { mark: 'node receiver', secret })
  const post = async (body: string, headers: Record<string, string>) => (
    (await fetch(url, { method: 'POST', body, headers })).status
  )
  assert.equal(await post(body.replace('Olá', 'Ola'), sign(body, 'evt_1')), 401)
  assert.equal(await post(body, sign(body, 'evt_1', new Date(Date.now() - 3_600_000))), 401)
  assert.equal(await post(body, {}), 401)
  for (const id of ['evt_1', 'evt_1', 'evt_2']) assert.equal(await post(body, sign(body, id)), 204)
  const other = body.replace('Olá', 'the last')
  assert.equal(await post(other, sign(other, 'evt_3')), 204)
  const lines = [await readLine(), await readLine(), await readLine()]
  assert.deepEqual(lines, ['message.created Olá', 'message.created Olá', 'message.created the last'])
})

test('the Code node of n8n hands on what is signed, and fails on the rest', async () => {
  const code = readBlock(guide, 'n8n-code receiver').replace('YOUR_WEBHOOK_SECRET', secret)
  const run = (received: string, headers: Record<string, string>) => {
    const node = { helpers: { getBinaryDataBuffer: async () => Buffer.from(received) } }
    const $input = { first: () => ({ json: { headers } }) }
    const wrapped = compileFunction(`return (async function () {${code}}).call(node)`, ['node', 'require', '$input'])
    return wrapped(node, createRequire(`${root}server/`), $input) as Promise<unknown>
  }
  assert.deepEqual(await run(body, sign(body, 'evt_1')), [{ json: JSON.parse(body) }])
  await assert.rejects(run(`${body} `, sign(body, 'evt_1')), /No matching signature/)
})

/** The script of the guide in a folder of its own: each time it is run, the lines that it prints. */
function runCatchUp(t: TestContext, hilo: Hilo): () => Promise<string[]> {
  const folder = makeFolder(t)
  return async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', readBlock(catchUpGuide, 'node catch-up')], {
      cwd: folder, env: { ...process.env, HILO_URL: hilo.url, HILO_API_KEY: hilo.key }, stdio: ['ignore', 'pipe', 'inherit'],
    })
    return (await text(child.stdout)).trim().split('\n')
  }
}

for (const kind of databases) {
  describe(`guides on ${kind}`, skipWithout(kind), () => {
    test('what Hilo sends, the receiver in Node understands', async (t) => {
      const database = await openTestDatabase(kind)
      t.after(() => database.close())
      const hilo = await startAlone(t, database)
      const { body: endpoint } = await hilo.request('POST', '/api/webhook-endpoints', {
        body: { url: 'http://127.0.0.1:1/', eventTypes: ['message.created'], isEnabled: false },
      })
      const { url, readLine } = await startGuideReceiver(t, guide, { mark: 'node receiver', secret: endpoint.secret })
      const change = { body: { url, isEnabled: true } }
      assert.equal((await hilo.request('PATCH', `/api/webhook-endpoints/${endpoint.id}`, change)).status, 200)
      await record(hilo, { query: 'Hola' })
      assert.equal(await readLine(), 'message.created Hola')
      const { body: attempt } = await hilo.request('POST', `/api/webhook-endpoints/${endpoint.id}/test`)
      assert.deepEqual([attempt.isDelivered, attempt.status, attempt.error], [true, 204, null])
    })

    test('the script of the guide catches up from where it was, each event once', async (t) => {
      const hilo = await startHilo(t, kind)
      const catchUp = runCatchUp(t, hilo)
      await record(hilo, { conversationId: 'one' })
      assert.deepEqual(await catchUp(), ['1 conversation.created', '2 message.created'])
      await record(hilo, { conversationId: 'one' })
      await record(hilo, { conversationId: 'one' })
      assert.deepEqual(await catchUp(), ['3 message.created', '4 message.created'])
      assert.deepEqual(await catchUp(), [''])
    })

    test('the script begins with the oldest event that is kept', async (t) => {
      const hilo = await startHilo(t, kind)
      await record(hilo, { conversationId: 'one' })
      await hilo.asOwner((tx) => tx.deleteFrom('events')
        .where('organization_id', '=', hilo.organizationId).where('seq', '=', 1).execute())
      assert.deepEqual(await runCatchUp(t, hilo)(), ['2 message.created'])
    })
  })
}
