import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ErrorCode, errorCodes } from './errors.ts'
import { databases, skipWithout, startHilo } from './test/start-hilo.ts'

interface Operation {
  operationId: string
  summary: string
  tags: string[]
  security: object[]
  requestBody?: { required: boolean, content: Record<string, Media> }
  responses: Record<string, { description: string, content?: Record<string, Media> }>
}

interface Media {
  schema: { $ref?: string }
  examples?: Record<string, { value: { code: string } }>
  example?: unknown
}

type Document = { paths: Record<string, Record<string, Operation>>, components: { schemas: Record<string, unknown> } }

const listOperations = ({ paths }: Document) => Object.entries(paths).flatMap(([path, methods]) => (
  Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, path, operation }))
))

/** Codes that the document gives examples of for an operation. */
function listCodes({ responses }: Operation): string[] {
  const errors = Object.entries(responses).filter(([status]) => !status.startsWith('2'))
  return errors.flatMap(([, { content }]) => Object.keys(content?.['application/json']?.examples ?? {}))
}

for (const database of databases) {
  describe(database, skipWithout(database), () => {
    test('an unknown path is a 404 in the shape of every error', async (t) => {
      const hilo = await startHilo(t, database)
      const { status, body, headers } = await hilo.request('GET', '/nothing')
      assert.equal(status, 404)
      assert.equal(body.code, 'ROUTE_NOT_FOUND')
      assert.equal(body.requestId, headers.get('x-request-id'))
    })

    test('every answer says that it is data, is not to be kept, and loads nothing', async (t) => {
      const hilo = await startHilo(t, database)
      for (const path of ['/api/organization', '/api/nothing', '/livez', '/openapi.json']) {
        const { headers } = await hilo.request('GET', path)
        assert.equal(headers.get('content-security-policy'), "default-src 'none'; frame-ancestors 'none'", path)
        assert.equal(headers.get('x-content-type-options'), 'nosniff')
        assert.equal(headers.get('cache-control'), 'no-store')
        assert.equal(headers.get('x-powered-by'), null)
        assert.equal(headers.get('server'), null)
      }
    })

    test('web pages of other origins may not call the API unless they are listed', async (t) => {
      const closed = await startHilo(t, database)
      const preflight = { origin: 'https://app.example.com', 'access-control-request-method': 'POST' }
      const refused = await closed.request('OPTIONS', '/api/agents', { key: null, headers: preflight })
      assert.deepEqual([refused.status, refused.headers.get('access-control-allow-origin')], [404, null])

      const open = await startHilo(t, database, { corsOrigins: ['https://app.example.com'] })
      const allowed = await open.request('OPTIONS', '/api/agents', { key: null, headers: preflight })
      assert.deepEqual(
        [allowed.status, allowed.headers.get('access-control-allow-origin')], [204, 'https://app.example.com'],
      )
      assert.match(allowed.headers.get('access-control-allow-headers') ?? '', /authorization/)
      const refusedKey = await open.request('GET', '/api/agents', { key: 'wrong', headers: preflight })
      assert.deepEqual(
        [refusedKey.status, refusedKey.headers.get('access-control-allow-origin')], [401, 'https://app.example.com'],
      )
      const stranger = await open.request('GET', '/api/agents', { headers: { origin: 'https://evil.example.com' } })
      assert.notEqual(stranger.headers.get('access-control-allow-origin'), 'https://evil.example.com')
    })

    test('/metrics counts requests by the pattern of their path, never by what they name', async (t) => {
      const hilo = await startHilo(t, database, {})
      await hilo.request('GET', `/api/agents/${hilo.agentId}?x=secret`)
      await hilo.request('GET', `/nothing/${hilo.agentId}`)
      const { status, headers, body } = await hilo.request('GET', '/metrics', { key: null })
      assert.equal(status, 200)
      assert.match(headers.get('content-type') ?? '', /^text\/plain/)
      assert.match(body, /hilo_http_request_duration_seconds_count\{method="GET",path="\/api\/agents\/:id",status="2xx"\} 1/)
      assert.match(body, /hilo_http_request_duration_seconds_count\{method="GET",path="unknown",status="4xx"\} 1/)
      assert.match(body, /process_resident_memory_bytes \d/)
      assert.ok(!body.includes(hilo.agentId) && !body.includes('secret'))
    })

    describe('/openapi.json', () => {
      test('lists the routes of every domain, and no page', async (t) => {
        const hilo = await startHilo(t, database)
        const { body } = await hilo.request('GET', '/openapi.json', { key: null })
        assert.match(body.openapi, /^3\.1\./)
        const listed = listOperations(body).map(({ name }) => name)
        for (const name of [
          'POST /api/agents/{id}/query-agent', 'GET /api/conversations/{id}', 'POST /api/contacts/{id}/merge',
          'PATCH /api/agents/{id}', 'DELETE /api/api-keys/{id}', 'GET /api/organization', 'GET /readyz', 'GET /metrics',
        ]) assert.ok(listed.includes(name), name)
        assert.ok(listed.every((name) => !/HEAD|OPTIONS|docs/.test(name)))
      })

      test('says of each operation what it does, its key and its errors', async (t) => {
        const hilo = await startHilo(t, database)
        const { body } = await hilo.request('GET', '/openapi.json', { key: null })
        const tags = body.tags.map((tag: { name: string }) => tag.name)
        for (const { name, path, operation } of listOperations(body)) {
          assert.ok(operation.summary && operation.tags.length === 1 && tags.includes(operation.tags[0]), name)
          assert.ok(Object.keys(operation.responses).some((status) => status.startsWith('2')), name)
          const codes = listCodes(operation)
          assert.ok(codes.every((code) => Object.hasOwn(errorCodes, code)), name)
          if (!path.startsWith('/api/')) continue
          const isStream = name === 'GET /api/events/stream' // the one that takes a token in its query
          assert.deepEqual(operation.security, [{ apiKey: [] }, ...isStream ? [{ tokenInQuery: [] }] : []], name)
          const expected: ErrorCode[] = ['UNAUTHORIZED', 'RATE_LIMITED', 'INTERNAL', 'UNAVAILABLE']
          if (operation.requestBody) expected.push('INVALID_JSON', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE')
          for (const code of expected) assert.ok(codes.includes(code), `${name} lacks ${code}`)
        }
        const ids = listOperations(body).map(({ operation }) => operation.operationId)
        assert.equal(new Set(ids).size, ids.length)
      })

      test('requires a body of each operation but those that work without one', async (t) => {
        const hilo = await startHilo(t, database)
        const { body } = await hilo.request('GET', '/openapi.json', { key: null })
        const optional = listOperations(body).filter(({ operation }) => operation.requestBody?.required === false)
        assert.deepEqual(optional.map(({ name }) => name).sort(), [
          'POST /api/approvals/{id}/approve', 'POST /api/approvals/{id}/reject',
          'POST /api/conversations/{id}/hand-back', 'POST /api/conversations/{id}/handoff',
          'POST /api/webhook-endpoints/{id}/rotate-secret',
        ])
      })

      test('has an example of each body', async (t) => {
        const hilo = await startHilo(t, database)
        const { body } = await hilo.request('GET', '/openapi.json', { key: null })
        for (const { name, operation: { requestBody } } of listOperations(body)) {
          const [media] = Object.values(requestBody?.content ?? {})
          assert.ok(!media || media.example || media.examples, name)
        }
      })

      test('has an example of what query answers with, and at once in the asynchronous mode', async (t) => {
        const hilo = await startHilo(t, database)
        const { body } = await hilo.request('GET', '/openapi.json', { key: null })
        const { examples } = body.paths['/api/agents/{id}/query'].post.responses['200'].content['application/json']
        const keys = Object.values<{ value: object }>(examples).map(({ value }) => Object.keys(value).sort())
        const atOnce = ['conversationId', 'messageId', 'request_human', 'status', 'visitorId']
        assert.deepEqual(keys, [['answer', 'approvals', ...atOnce, 'metadata', 'sources', 'usage'].sort(), atOnce])
      })

      test('refers only to schemas that it holds', async (t) => {
        const hilo = await startHilo(t, database)
        const { body } = await hilo.request('GET', '/openapi.json', { key: null })
        const references = [...JSON.stringify(body).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)]
        assert.ok(references.length > 20)
        for (const [, name] of references) assert.ok(body.components.schemas[name!], name)
        assert.doesNotMatch(JSON.stringify(body), /x-hilo|x-error-codes|\$id/)
      })
    })

    test('/docs is a page that loads everything from here', async (t) => {
      const hilo = await startHilo(t, database)
      const page = await hilo.request('GET', '/docs', { key: null })
      assert.equal(page.status, 200)
      assert.match(page.headers.get('content-security-policy') ?? '', /script-src 'self';/)
      const scripts = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url)
      for (const url of scripts.filter((one) => !one.startsWith('data:'))) {
        assert.match(url, /^\/docs\//)
        const script = await hilo.request('GET', url, { key: null })
        assert.equal(script.status, 200)
        assert.match(script.headers.get('content-type') ?? '', /^text\/javascript/)
        assert.ok(script.body.length > 100)
      }
    })
  })
}
