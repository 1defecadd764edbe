import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { GuardError, type GuardReason } from './guard-error.ts'
import { createGuardedClient, type GuardedClientOptions } from './guarded-fetch.ts'

async function startServer(t: TestContext, listener: RequestListener) {
  const server = createServer(listener)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { port, server, url: `http://127.0.0.1:${port}/` }
}

function createFetch(t: TestContext, options: Partial<GuardedClientOptions> = {}) {
  const client = createGuardedClient({ allowPrivate: true, ...options })
  t.after(() => client.close())
  return client.fetch
}

const isGuardError = (reason: GuardReason, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof GuardError, String(error))
  assert.deepEqual([error.reason, message.test(error.message)], [reason, true], error.message)
  return true
}

test('sends what it is given, and streams the answer as it comes', async (t) => {
  const seen = Promise.withResolvers<void>()
  const { url } = await startServer(t, (request, response) => {
    request.once('data', (body) => {
      response.writeHead(201, { 'x-answer': 'yes' }).write(`${request.method} ${request.headers['x-ask']} ${body}`)
    })
    void seen.promise.then(() => response.end(' and the rest')) // only after the beginning was read
  })
  const answer = await createFetch(t)(url, { method: 'POST', headers: { 'x-ask': '1' }, body: 'hello' })
  assert.deepEqual([answer.status, answer.ok, answer.headers.get('x-answer')], [201, true, 'yes'])
  const pieces: string[] = []
  for await (const piece of answer.body!.pipeThrough(new TextDecoderStream())) {
    pieces.push(piece)
    seen.resolve()
  }
  assert.deepEqual(pieces, ['POST 1 hello', ' and the rest'])
})

test('what may not be called is refused before a connection is made, and says how it would be allowed', async (t) => {
  const { url, port, server } = await startServer(t, (_request, response) => response.end())
  server.on('connection', () => assert.fail('a connection was made'))
  const fetch = createFetch(t, { allowPrivate: false, resolve: async () => ['127.0.0.1'] })
  const set = 'set HILO_ALLOW_PRIVATE_TARGETS=true where all callers are trusted\\.'
  const refused = (words: string) => isGuardError('REFUSED', new RegExp(`${words}.*${set}`))
  await assert.rejects(fetch(url), refused('must begin with https'))
  await assert.rejects(fetch(`https://127.0.0.1:${port}/`), refused('"127.0.0.1" is this machine itself'))
  await assert.rejects(fetch(`https://own.example.com:${port}/`), refused('"own.example.com" leads to 127.0.0.1'))
  const toMetadata = createFetch(t, { allowPrivate: false, resolve: async () => ['169.254.169.254'] })
  await assert.rejects(toMetadata('https://own.example.com/'), (error) => !(error as Error).message.includes('HILO_'))
  await assert.rejects(fetch(new Request('https://example.com/')), TypeError)
})

test('a redirect is an error that names where it leads, and is not followed', async (t) => {
  const target = await startServer(t, () => assert.fail('the redirect was followed'))
  for (const status of [301, 302, 303, 307, 308]) {
    const { url } = await startServer(t, (_request, response) => {
      response.writeHead(status, { location: target.url }).end('elsewhere')
    })
    const words = new RegExp(`a redirect \\(${status}\\), which is not followed\\. .* at "127\\.0\\.0\\.1:${target.port}"`)
    await assert.rejects(createFetch(t)(url), isGuardError('FAILED', words))
  }
})

test('the signal breaks off the wait for an answer and the answer itself, with its reason', async (t) => {
  const reason = new Error('enough')
  for (const begins of [false, true]) {
    const ended = Promise.withResolvers<void>()
    const stopping = new AbortController()
    const { url } = await startServer(t, (_request, response) => {
      response.on('close', ended.resolve)
      if (begins) response.write('half')
      else stopping.abort(reason)
    })
    const call = async () => {
      const answer = await createFetch(t)(url, { signal: stopping.signal })
      stopping.abort(reason)
      await answer.text()
    }
    await assert.rejects(call(), reason)
    await ended.promise
  }
})

test('says in words why nothing came back', async (t) => {
  const broken = await startServer(t, (request) => { request.socket.destroy() })
  await assert.rejects(createFetch(t)(broken.url), isGuardError('FAILED', /"127\.0\.0\.1" broke off the connection/))
  broken.server.close()
  await once(broken.server, 'close')
  await assert.rejects(createFetch(t)(broken.url), isGuardError('FAILED', /nothing listens on this port/))
  await assert.rejects(createFetch(t)('http://127.0.0.1:6000/'), isGuardError('REFUSED', /port 6000 is kept for another/))
})
