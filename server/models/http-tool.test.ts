import assert from 'node:assert/strict'
import type { IncomingMessage, RequestListener } from 'node:http'
import { test, type TestContext } from 'node:test'
import { createGuardedClient } from '../guarded-client/guarded-fetch.ts'
import { startServer } from '../test/start-server.ts'
import { createHttpTool, type HttpToolSettings } from './http-tool.ts'

const settings: Omit<HttpToolSettings, 'url'> = {
  name: 'find_order', description: 'Finds an order.', method: 'GET', headers: {}, timeoutMs: 30_000,
  parameters: {
    type: 'object', required: ['id'],
    properties: { id: { type: 'string', maxLength: 40 }, page: { type: 'integer' }, tags: { type: 'array' } },
  },
}

const identity = { agentId: 'agent-1', conversationId: 'conversation-1', contactId: 'contact-1' }
const signal = new AbortController().signal

async function prepare(t: TestContext, listener: RequestListener, more: Partial<HttpToolSettings> = {}) {
  const requests: { line: string, headers: IncomingMessage['headers'], body: string }[] = []
  const { url } = await startServer(t, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      const { method, url: path, headers } = request
      requests.push({ line: `${method} ${path}`, headers, body: Buffer.concat(chunks).toString() })
      listener(request, response)
    })
  })
  const client = createGuardedClient({ allowPrivate: true })
  t.after(() => client.close())
  const tool = createHttpTool({ ...settings, url: `${url}/orders/{id}`, ...more }, { client, identity })
  return { run: (input: Record<string, unknown>) => tool.run(input, signal), tool, requests, url }
}

test('arguments go into their places, then into the query string or the body, with the headers that are set', async (t) => {
  const headers = { Authorization: 'Bearer very-secret' }
  const input = { id: 'a/b ñ', page: 2, tags: ['x', 'y&z'] }
  for (const method of ['GET', 'DELETE', 'POST', 'PUT', 'PATCH'] as const) {
    const { run, requests } = await prepare(t, (_request, response) => response.end('found'), { method, headers })
    assert.equal(await run(input), 'found')
    const hasBody = !['GET', 'DELETE'].includes(method)
    assert.deepEqual([requests[0]!.line, requests[0]!.body, requests[0]!.headers.authorization], [
      `${method} /orders/a%2Fb%20%C3%B1${hasBody ? '' : '?page=2&tags=x&tags=y%26z'}`,
      hasBody ? '{"page":2,"tags":["x","y&z"]}' : '', 'Bearer very-secret',
    ])
    assert.equal(requests[0]!.headers['content-type'], hasBody ? 'application/json' : undefined)
  }
})

test('arguments that do not fit the schema are told to the model, and nothing is called', async (t) => {
  const { run, requests } = await prepare(t, (_request, response) => response.end())
  assert.match(await run({}), /^The arguments do not fit: they must have required properties id\.$/)
  assert.match(await run({ id: 7, page: 1.5 }), /\/id must be string; \/page must be integer\./)
  assert.match(await run({ id: '..' }), /^The tool was not called\. The argument "id" must not hold/)
  for (const parameters of [{ $ref: '#' }, { properties: { id: { pattern: '(' } } }, { additionalProperties: false }, false]) {
    const broken = await prepare(t, () => assert.fail('called'), { parameters: parameters as Record<string, unknown> })
    assert.match(await broken.run({ id: 'x' }), /^The arguments do not fit: .*\.$/)
  }
  assert.equal(requests.length, 0)
})

test('the model is told what came back: cut where it is long, and with the reason where it failed', async (t) => {
  const answers: Record<string, RequestListener> = {
    long: (_request, response) => response.end('ñ'.repeat(5000)),
    odd: (_request, response) => response.setHeader('content-type', 'text/plain; charset=iso-8859-1').end(Buffer.from([0xf1, 0, 0x61])),
    none: (_request, response) => response.writeHead(204).end(),
    missing: (_request, response) => response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"no such order"}'),
    moved: (_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    image: (_request, response) => response.setHeader('content-type', 'image/png').end('PNG'),
    broken: (request) => request.socket.destroy(),
  }
  const { run } = await prepare(t, (request, response) => answers[request.url!.slice('/orders/'.length)]!(request, response))
  assert.equal(await run({ id: 'long' }), `${'ñ'.repeat(4096)}\n[Only the first 8192 bytes are shown.]`)
  assert.equal(await run({ id: 'odd' }), 'ña')
  assert.equal(await run({ id: 'none' }), 'It is done; no text came back (204).')
  assert.equal(await run({ id: 'missing' }), 'The tool failed with status 404. {"error":"no such order"}')
  assert.equal(await run({ id: 'moved' }), 'The tool failed with status 302. It is a redirect, which is not followed.')
  assert.equal(await run({ id: 'image' }), '(image/png, which is no text)')
  assert.equal(await run({ id: 'broken' }), 'The tool does not work at the moment: it could not be reached.')
})

test('a secret that an answer repeats is not told to the model', async (t) => {
  const { run } = await prepare(t, (request, response) => {
    response.end(`you sent ${request.headers.authorization}, key ${String(request.headers.authorization).slice(7)}, as application/json`)
  }, { headers: { authorization: 'Bearer very-secret', accept: 'application/json' } })
  assert.equal(await run({ id: 'x' }), 'you sent ***, key ***, as application/json')
})

test('each call says who it is for, whatever arguments and headers say, and these ids are no secrets', async (t) => {
  const names = ['x-hilo-agent-id', 'x-hilo-conversation-id', 'x-hilo-contact-id'] as const
  const echo: RequestListener = (request, response) => response.end(names.map((name) => request.headers[name]).join())
  const headers = { 'X-Hilo-Contact-Id': 'somebody-else', 'x_hilo_contact_id': 'somebody-else', 'X-Tenant': 'conversation-1' }
  const { run, requests, url } = await prepare(t, echo, { method: 'POST', headers })
  assert.equal(await run({ 'id': 'x', 'x-hilo-contact-id': 'somebody-else' }), 'agent-1,conversation-1,contact-1')
  assert.deepEqual([requests[0]!.headers['x-tenant'], requests[0]!.headers['x_hilo_contact_id']], ['conversation-1', undefined])
  const client = createGuardedClient({ allowPrivate: true })
  t.after(() => client.close())
  const unknown = { ...settings, headers, url: `${url}/{id}` }
  await createHttpTool(unknown, { client, identity: { ...identity, contactId: null } }).run({ id: 'x' }, signal)
  assert.equal('x-hilo-contact-id' in requests[1]!.headers, false)
})

test('where an answer is cut inside a secret its beginning is struck out, too; what is whole ends as it came', async (t) => {
  const secret = 'very-secret-4711'
  const headers = { Authorization: `Bearer ${secret}` }
  const padding = (count: number) => 'x'.repeat(8192 - count)
  const shown: [begins: string, shows: string][] = [
    ['very', '***'], ['Bearer very-s', '***'], [`${secret.slice(0, -1)}`, '***'], [secret, '***'], ['very-tired', 'very-tired'],
  ]
  for (const [begins, shows] of shown) {
    const whole = `${padding(begins.length)}${begins}${secret}`
    const { run } = await prepare(t, (_request, response) => response.end(whole), { headers })
    assert.equal(await run({ id: 'x' }), `${padding(begins.length)}${shows}\n[Only the first 8192 bytes are shown.]`)
  }
  const { run } = await prepare(t, (_request, response) => response.end('It is very'), { headers })
  assert.equal(await run({ id: 'x' }), 'It is very')
})

test('a tool that takes too long is given up, one at an address that is not allowed is not called', async (t) => {
  const { run, url } = await prepare(t, () => {}, { timeoutMs: 100 })
  assert.equal(await run({ id: 'x' }), 'The tool does not work at the moment: it did not answer in time.')
  const closed = createGuardedClient({ allowPrivate: false })
  t.after(() => closed.close())
  const failures: string[] = []
  const tool = createHttpTool({ ...settings, url: `${url}/{id}` }, {
    client: closed, identity, onFailure: ({ message }) => { failures.push(message) },
  })
  assert.equal(await tool.run({ id: 'x' }, signal), 'The tool does not work at the moment: its address may not be called.')
  assert.match(failures.join(), /HILO_ALLOW_PRIVATE_TARGETS/)
})

test('a tool that is broken off ends with the reason of its signal', async (t) => {
  const stopping = new AbortController()
  const reason = new Error('enough')
  const { tool } = await prepare(t, () => stopping.abort(reason))
  await assert.rejects(tool.run({ id: 'x' }, stopping.signal), reason)
})
