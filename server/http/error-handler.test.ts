import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import Type from 'typebox'
import { HiloError } from '../errors.ts'
import { createApp } from './create-app.ts'
import { handleErrors } from './error-handler.ts'
import type { HiloApp } from './hilo-app.ts'
import { acceptOnlyJson } from './parse-json.ts'
import { answerRequestId } from './request-id.ts'

const Body = Type.Object({
  query: Type.String({ description: 'Text of the message.', maxLength: 10 }),
  channel: Type.Optional(Type.Enum(['api', 'whatsapp'])),
  streaming: Type.Optional(Type.Boolean()),
  size: Type.Optional(Type.Integer({ minimum: 1, maximum: 5 })),
  contact: Type.Optional(Type.Union([Type.Object({ email: Type.String() }), Type.Null()])),
  tags: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: 2, uniqueItems: true })),
  at: Type.Optional(Type.String({ format: 'date-time' })),
  code: Type.Optional(Type.String({ pattern: '^[a-z]+$', description: 'Small letters only.' })),
})

/** An app with the error handling of the real one, and routes that fail as we like. */
async function startToy(t: TestContext, thrown?: unknown): Promise<HiloApp> {
  const app = createApp('silent')
  answerRequestId(app)
  handleErrors(app)
  acceptOnlyJson(app)
  app.post('/check', { schema: { body: Body } }, () => ({ ok: true }))
  app.get('/list', {
    schema: { querystring: Type.Object({ limit: Type.Optional(Type.Integer({ maximum: 100 })) }) },
  }, ({ query }) => query)
  app.post('/plain', () => ({ ok: true }))
  app.get('/things/:id', ({ params }) => params)
  app.get('/throw', () => {
    throw thrown
  })
  t.after(() => app.close())
  return app
}

async function check(t: TestContext, payload: string | Buffer, headers: Record<string, string> = {}) {
  const app = await startToy(t)
  const answer = await app.inject({
    method: 'POST', url: '/check', payload, headers: { 'content-type': 'application/json', ...headers },
  })
  return { status: answer.statusCode, ...answer.json<{ error: string, code: string, field?: string, hint?: string }>() }
}

describe('what a schema refuses is said in a sentence that names the field and what is right:', () => {
  const cases: [body: object, field: string | undefined, error: string][] = [
    [{}, 'query', '"query" is required: text of the message.'],
    [{ query: 5 }, 'query', '"query" must be text; 5 is not.'],
    [{ query: 'x'.repeat(11) }, 'query', '"query" must be at most 10 characters long.'],
    [{ query: '', channel: 'sms' }, 'channel', '"channel" must be one of api, whatsapp; "sms" is not.'],
    [{ query: '', streaming: 'true' }, 'streaming', '"streaming" must be true or false; "true" is not.'],
    [{ query: '', size: 1.5 }, 'size', '"size" must be a whole number; 1.5 is not.'],
    [{ query: '', size: 0 }, 'size', '"size" must be at least 1; 0 is not.'],
    [{ query: '', size: 6 }, 'size', '"size" must be at most 5; 6 is not.'],
    [{ query: '', contact: 'ana' }, 'contact', '"contact" must be an object; "ana" is not.'],
    [{ query: '', contact: {} }, 'contact.email', '"contact.email" is required.'],
    [{ query: '', contact: { email: [] } }, 'contact.email', '"contact.email" must be text; a list is not.'],
    [{ query: '', tags: [] }, 'tags', '"tags" must hold at least 1 entry.'],
    [{ query: '', tags: ['a', ''] }, 'tags[1]', '"tags[1]" must not be empty.'],
    [{ query: '', tags: ['a', 'a'] }, 'tags', '"tags" must not hold the same entry twice.'],
    [{ query: '', tags: ['a', 'b', 'c'] }, 'tags', '"tags" must hold at most 2 entries.'],
    [
      { query: '', at: 'yesterday' }, 'at',
      '"at" must be a time in ISO 8601 with offset, such as 2026-01-31T12:00:00Z; "yesterday" is not.',
    ],
    [{ query: '', code: 'A' }, 'code', '"code" is not right: small letters only.'],
    [[], undefined, 'The body must be an object; a list is not.'],
  ]
  for (const [body, field, error] of cases) {
    test(error, async (t) => {
      const answer = await check(t, JSON.stringify(body))
      assert.deepEqual([answer.status, answer.code, answer.error, answer.field], [400, 'INVALID_REQUEST', error, field])
    })
  }

  test('in a query string, too, where text may stand for a number', async (t) => {
    const app = await startToy(t)
    assert.deepEqual((await app.inject('/list?limit=7')).json(), { limit: 7 })
    const { error, field } = (await app.inject('/list?limit=many')).json<{ error: string, field: string }>()
    assert.deepEqual([error, field], ['"limit" in the query string must be a whole number; "many" is not.', 'limit'])
  })
})

describe('a body that is no JSON is refused with the place of the mistake:', () => {
  const cases: [what: string, body: string | Buffer, code: string, error: RegExp][] = [
    ['cut off', '{"query":', 'INVALID_JSON', /: it ends too early\.$/],
    ['a comma missing', '{\n  "query": "x"\n  "channel": "api"\n}', 'INVALID_JSON', / at line 3, column 3\.$/],
    ['a line break in a text', '{"query": "a\nb"}', 'INVALID_JSON', / at line 1, column 13\.$/],
    ['no value', '{"query": undefined}', 'INVALID_JSON', /: unexpected u in "\{"query": undefined\}"\.$/],
    ['Latin-1', Buffer.from('{"query":"José"}', 'latin1'), 'INVALID_JSON', /not valid UTF-8/],
    ['a prototype', '{"query":"x","__proto__":{"a":1}}', 'INVALID_REQUEST', /"__proto__" is not allowed/],
    ['nothing where something is needed', '', 'INVALID_REQUEST', /The body is missing/],
  ]
  for (const [what, body, code, error] of cases) {
    test(what, async (t) => {
      const answer = await check(t, body)
      assert.deepEqual([answer.status, answer.code], [400, code])
      assert.match(answer.error, error)
    })
  }
})

test('a byte order mark before the JSON does no harm', async (t) => {
  assert.equal((await check(t, '\uFEFF{"query":"x"}')).status, 200)
})

test('a POST that needs no body takes none, with or without a content type', async (t) => {
  const app = await startToy(t)
  assert.equal((await app.inject({ method: 'POST', url: '/plain' })).statusCode, 200)
  const headers = { 'content-type': 'application/json' }
  assert.equal((await app.inject({ method: 'POST', url: '/plain', headers, payload: '' })).statusCode, 200)
})

test('a body that is not sent as JSON is 415', async (t) => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    const { status, code } = await check(t, '{"query":"x"}', { 'content-type': type })
    assert.deepEqual([status, code], [415, 'UNSUPPORTED_MEDIA_TYPE'], type)
  }
  assert.equal((await check(t, '{"query":"x"}', { 'content-type': 'application/json; charset=utf-8' })).status, 200)
})

test('a body over 1 MiB is 413 and names the limit', async (t) => {
  const { status, code, error } = await check(t, JSON.stringify({ query: 'x'.repeat(1024 * 1024) }))
  assert.deepEqual([status, code], [413, 'PAYLOAD_TOO_LARGE'])
  assert.match(error, /1048576 bytes/)
})

describe('an unknown route is 404', () => {
  test('and says which methods the path takes', async (t) => {
    const app = await startToy(t)
    const { code, hint } = (await app.inject({ method: 'DELETE', url: '/things/a%20b' })).json<Record<string, string>>()
    assert.deepEqual([code, hint], ['ROUTE_NOT_FOUND', 'This path takes GET.'])
  })

  test('and says where the paths are listed', async (t) => {
    const app = await startToy(t)
    const answer = await app.inject({ method: 'POST', url: '/api/nothing?key=secret', payload: 'x' })
    assert.equal(answer.statusCode, 404)
    assert.equal(answer.json<{ error: string }>().error, 'There is no POST /api/nothing.')
    assert.match(answer.json<{ hint: string }>().hint, /openapi\.json/)
  })
})

test('a slash too many in a path does no harm', async (t) => {
  const app = await startToy(t)
  assert.deepEqual((await app.inject('//things/a/')).json(), { id: 'a' })
})

test('a path that cannot be decoded is 400', async (t) => {
  const app = await startToy(t)
  const answer = await app.inject('/things/%ff')
  assert.equal(answer.statusCode, 400)
  assert.equal(answer.json<{ code: string }>().code, 'INVALID_REQUEST')
  assert.equal(answer.headers['x-request-id'], answer.json<{ requestId: string }>().requestId)
})

describe('the request id', () => {
  test('is the caller\'s own if it is harmless', async (t) => {
    const app = await startToy(t)
    const answer = await app.inject({ url: '/nothing', headers: { 'x-request-id': 'Flow-7.run_3' } })
    assert.equal(answer.headers['x-request-id'], 'Flow-7.run_3')
    assert.equal(answer.json<{ requestId: string }>().requestId, 'Flow-7.run_3')
  })

  test('is ours if the caller\'s is not', async (t) => {
    const app = await startToy(t)
    for (const id of ['', 'a b', 'x'.repeat(129), 'a"b', '<script>']) {
      const answer = await app.inject({ url: '/nothing', headers: { 'x-request-id': id } })
      assert.match(String(answer.headers['x-request-id']), /^c[0-9a-z]{24}$/)
    }
  })
})

describe('an error of the server itself', () => {
  const withCode = (code: string, message = 'secret detail') => Object.assign(new Error(message), { code })

  test('shows nothing of its text to the caller', async (t) => {
    for (const thrown of [new Error('secret detail'), 'secret detail', null, withCode('23502'), withCode('22P02')]) {
      const app = await startToy(t, thrown)
      const answer = await app.inject('/throw')
      assert.equal(answer.statusCode, 500)
      assert.equal(answer.json<{ code: string }>().code, 'INTERNAL')
      assert.doesNotMatch(answer.body, /secret/)
    }
  })

  test('is 503 with Retry-After when the database is away, full or busy', async (t) => {
    const away = [
      withCode('ECONNREFUSED'), withCode('57P01'), withCode('57P03'), withCode('55000'), withCode('25P04'), withCode('53300'), withCode('53100'),
      withCode('08006'), withCode('3D000'), new Error('Connection terminated unexpectedly'),
      new Error('timeout exceeded when trying to connect'), new Error('PGlite is closed'), new Error('Query read timeout'),
      new AggregateError([withCode('ECONNREFUSED')], ''), new Error('x', { cause: withCode('57P01') }),
    ]
    for (const thrown of away) {
      const app = await startToy(t, thrown)
      const answer = await app.inject('/throw')
      assert.deepEqual([answer.statusCode, answer.json<{ code: string }>().code], [503, 'UNAVAILABLE'], thrown.message)
      assert.equal(answer.headers['retry-after'], '1')
      assert.doesNotMatch(answer.body, /secret/)
    }
  })

  test('passes a HiloError on as it is', async (t) => {
    const app = await startToy(t, new HiloError('MERGE_CONFLICT', 'No.', { field: 'contactId', hint: 'Ask.' }))
    const answer = await app.inject('/throw')
    const { requestId, ...body } = answer.json<Record<string, string>>()
    assert.equal(answer.statusCode, 409)
    assert.equal(requestId, answer.headers['x-request-id'])
    assert.deepEqual(body, { error: 'No.', code: 'MERGE_CONFLICT', field: 'contactId', hint: 'Ask.' })
  })
})

test('what is no HTTP gets a 400 in the same shape', async (t) => {
  const app = await startToy(t)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as { port: number }
  const socket = connect(port, '127.0.0.1')
  socket.end('hello?\r\n\r\n')
  const received = (await socket.toArray()).join('')
  assert.match(received, /^HTTP\/1\.1 400 /)
  const body = JSON.parse(received.split('\r\n\r\n')[1]!) as Record<string, string>
  assert.deepEqual(Object.keys(body), ['error', 'code', 'requestId'])
})
