// Alone: it sets environment variables.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer as createSocketServer, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { GuardError, type GuardReason } from './guard-error.ts'
import { createGuardedClient, type GuardedClientOptions, type GuardedPost } from './guarded-fetch.ts'

const whole: GuardedPost = { headers: {}, body: '{}', timeoutMs: 30_000, maxAnswerBytes: 1024 }

/** What listens there for the length of the test. */
async function startReceiver(t: TestContext, listener: RequestListener) {
  const server = createServer(listener)
  const seen = { requests: 0, connections: 0 }
  server.on('request', () => seen.requests++).on('connection', () => seen.connections++)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { seen, server, port, url: `http://127.0.0.1:${port}/` }
}

function createClient(t: TestContext, options: Partial<GuardedClientOptions> = {}) {
  const client = createGuardedClient({ allowPrivate: true, ...options })
  t.after(() => client.close())
  return client
}

const isGuardError = (reason: GuardReason, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof GuardError, String(error))
  assert.deepEqual([error.reason, message.test(error.message)], [reason, true], error.message)
  return true
}

test('posts headers and body, and answers with status, headers, body and duration', async (t) => {
  const { url } = await startReceiver(t, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      response.writeHead(202, { 'Retry-After': '7' }).end(`${request.method} ${request.headers['webhook-id']} ${chunks}`)
    })
  })
  const answer = await createClient(t).post(url, { ...whole, headers: { 'webhook-id': 'x' }, body: 'hello' })
  assert.deepEqual([answer.status, answer.headers['retry-after'], answer.body], [202, '7', 'POST x hello'])
  assert.ok(Number.isInteger(answer.durationMs))
})

test('calls with any method, and answers with bytes up to the limit, saying whether there were more', async (t) => {
  const { url } = await startReceiver(t, (request, response) => {
    response.end(Buffer.from([0, 255, request.method!.length]))
  })
  const client = createClient(t)
  const get = (maxAnswerBytes: number) => client.request(url, { method: 'GET', headers: {}, timeoutMs: 30_000, maxAnswerBytes })
  const [all, some] = [await get(3), await get(2)]
  assert.deepEqual([[...all.body], all.isCut, [...some.body], some.isCut], [[0, 255, 3], false, [0, 255], true])
  const deleted = await client.request(url, { method: 'DELETE', headers: {}, timeoutMs: 30_000, maxAnswerBytes: 3 })
  assert.equal(deleted.body[2], 6)
})

test('a name is connected to at the address that was checked: what the DNS says a moment later is not asked', async (t) => {
  const { port, seen } = await startReceiver(t, (_request, response) => response.end())
  const answers = [['8.8.8.8'], ['127.0.0.1'], ['8.8.8.8', '::ffff:127.0.0.1'], ['169.254.169.254'], []]
  const asked: string[] = []
  const client = createClient(t, {
    allowPrivate: false,
    resolve: async (host) => {
      asked.push(host)
      return answers[asked.length]!
    },
  })
  for (const leads of ['127.0.0.1', '::ffff:127.0.0.1', '169.254.169.254']) {
    const refused = isGuardError('REFUSED', new RegExp(`"rebind.example.com" leads to ${leads.replaceAll('.', '\\.')}`))
    await assert.rejects(client.post(`https://rebind.example.com:${port}/`, whole), refused)
  }
  await assert.rejects(client.post(`https://rebind.example.com:${port}/`, whole), isGuardError('FAILED', /no address/))
  assert.equal(asked.length, 4)
  assert.equal(seen.connections, 0)
})

test('each host has connections of its own, even where two lead to one address', async (t) => {
  const { port, seen } = await startReceiver(t, (request, response) => response.end(request.headers.host))
  const client = createClient(t, { resolve: async () => ['127.0.0.1'] })
  for (const host of ['a.example.com', 'b.example.com', 'a.example.com']) {
    assert.equal((await client.post(`http://${host}:${port}/`, whole)).body, `${host}:${port}`)
  }
  assert.equal(seen.connections, 2)
})

test('a redirect is not followed', async (t) => {
  const target = await startReceiver(t, (_request, response) => response.end())
  for (const status of [301, 302, 303, 307, 308]) {
    const { url } = await startReceiver(t, (_request, response) => {
      response.writeHead(status, { location: target.url }).end()
    })
    assert.equal((await createClient(t).post(url, whole)).status, status)
  }
  assert.equal(target.seen.requests, 0)
})

test('no proxy of the environment is used', async (t) => {
  const proxy = await startReceiver(t, (_request, response) => response.end())
  const { url } = await startReceiver(t, (_request, response) => response.end('direct'))
  const names = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'NODE_USE_ENV_PROXY']
  const before = names.map((name) => process.env[name])
  t.after(() => names.forEach((name, index) => {
    if (before[index] === undefined) delete process.env[name]
    else process.env[name] = before[index]
  }))
  for (const name of names) process.env[name] = name === 'NODE_USE_ENV_PROXY' ? '1' : proxy.url
  assert.equal((await createClient(t).post(url, whole)).body, 'direct')
  assert.equal(proxy.seen.connections, 0)
})

test('of an endless answer only the beginning is read, and the connection is dropped', async (t) => {
  const ended = Promise.withResolvers<void>()
  const { url } = await startReceiver(t, (_request, response) => {
    const write = () => { while (!response.destroyed && response.write('ñ'.repeat(1000))); }
    response.on('drain', write).on('close', ended.resolve)
    write()
  })
  const { status, body } = await createClient(t).post(url, { ...whole, maxAnswerBytes: 1001 })
  assert.deepEqual([status, body], [200, 'ñ'.repeat(500)])
  await ended.promise
})

for (const [what, begin] of Object.entries<RequestListener>({
  'nothing at all': () => {},
  'headers only': (_request, response) => { response.writeHead(200).flushHeaders() },
  'half a body': (_request, response) => { response.writeHead(200, { 'content-length': 10 }).write('half') },
})) {
  test(`an exchange in which ${what} comes back ends when its time is up`, async (t) => {
    const ended = Promise.withResolvers<void>()
    const { url } = await startReceiver(t, (request, response) => {
      response.on('close', ended.resolve)
      begin(request, response)
    })
    const timedOut = isGuardError('TIMEOUT', /"127\.0\.0\.1" did not answer in full within 0\.1 seconds\. Answer at once/)
    await assert.rejects(createClient(t).post(url, { ...whole, timeoutMs: 100 }), timedOut)
    await ended.promise
  })
}

test('the time for a name that is looked up for ever is up as well', async (t) => {
  const client = createClient(t, { resolve: () => new Promise(() => {}) })
  await assert.rejects(client.post('http://slow.example.com/', { ...whole, timeoutMs: 50 }), isGuardError('TIMEOUT', /slow/))
})

test('the caller can break an exchange off', async (t) => {
  const stopping = new AbortController()
  const reason = new Error('the server stops')
  const { url } = await startReceiver(t, () => stopping.abort(reason))
  await assert.rejects(createClient(t).post(url, { ...whole, signal: stopping.signal }), reason)
})

test('says in words why nothing came back', async (t) => {
  const closed = await startReceiver(t, () => {})
  closed.server.close()
  await once(closed.server, 'close')
  await assert.rejects(createClient(t).post(closed.url, whole), isGuardError('FAILED', /nothing listens on this port/))

  const broken = await startReceiver(t, (request) => { request.socket.destroy() })
  await assert.rejects(createClient(t).post(broken.url, whole), isGuardError('FAILED', /broke off the connection/))
  await assert.rejects(
    createClient(t).post(broken.url.replace('http', 'https'), whole), isGuardError('FAILED', /does not speak TLS/),
  )

  for (const [code, words] of [['ENOTFOUND', /is it spelt right\?/], ['ECONNREFUSED', /could not be looked up/]] as const) {
    const error = Object.assign(new Error(`queryA ${code}`), { code, syscall: 'queryA' })
    const client = createClient(t, { resolve: () => Promise.reject(error) })
    await assert.rejects(client.post('http://nowhere.example.com/', whole), isGuardError('FAILED', words))
  }
})

test('what does not speak HTTP is said so', async (t) => {
  const sockets: Socket[] = []
  const server = createSocketServer((socket) => { sockets.push(socket.on('error', () => {})); socket.end('SSH-2.0-x\r\n') })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => { sockets.forEach((socket) => socket.destroy()); server.close() })
  const { port } = server.address() as AddressInfo
  await assert.rejects(
    createClient(t).post(`http://127.0.0.1:${port}/`, whole), isGuardError('FAILED', /does not answer in HTTP/),
  )
})
