import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { type Answer, databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'
import { checkBody } from './check-body.ts'

interface Route {
  method: string
  path: string
  /** An example of a good body. */
  example?: object
  /** Names of query parameters. */
  query: string[]
}

interface Operation {
  parameters?: { in: string, name: string }[]
  requestBody?: { content: Record<string, { example?: object }> }
}

/** Every route of the API, from its own description: a new one is tried without anybody thinking of it. */
async function listRoutes(hilo: Hilo): Promise<Route[]> {
  const { body } = await hilo.request('GET', '/openapi.json')
  return Object.entries(body.paths as Record<string, Record<string, Operation>>).flatMap(([path, methods]) => (
    Object.entries(methods).map(([method, { parameters = [], requestBody }]) => ({
      method: method.toUpperCase(),
      path,
      example: requestBody && (Object.values(requestBody.content)[0]!.example ?? {}),
      query: parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name),
    }))
  )).filter(({ path }) => path.startsWith('/api/'))
}

const deep = '['.repeat(5000) + ']'.repeat(5000)

/** Pieces of JSON that have hurt somebody's server. */
const hostileJson = [
  '"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\udc00\\ud800"', '1e999', '-1e999', '9007199254740993', '1e308', '-0', '0.1',
  '""', '" "', 'null', 'true', '[]', '{}', '[[]]', '[null]', '{"":""}', deep, '{"__proto__":{"x":1}}',
  '{"constructor":{"prototype":{"x":1}}}', '{"a\\u0000":1}', `"${'x'.repeat(70_000)}"`, `"${'ñ'.repeat(300)}"`,
  '"{{ $json.id }}"', '"undefined"', '"[object Object]"', '"\u202e"', '"\\uffff"', '"\'; drop table messages; --"',
  '"99999999999999999999"', '"+0000000000"', '"275760-09-13T00:00:00.001Z"', '"0000-01-01T00:00:00Z"', '8640000000000001',
  `{"a":"${'x'.repeat(17_000)}"}`, `[${'{},'.repeat(1200)}{}]`, '{"email":"\\ud83d"}', '{"url":"javascript:alert(1)"}',
  '"infinity"', '"-infinity"', '"NaN"', '"2026-02-30T00:00:00Z"', '{"userId":{"a":1}}', '[{"url":"http://x","size":1e400}]',
]

const hostileText = [
  '', '%00', '%ff', '%ED%A0%80', '..%2f..', '__proto__', 'constructor', 'x'.repeat(300), '%F0%9F%98%80', 'null', '-1',
  '%0a', '1e999', 'a%27%3b--', '%7B%7Bid%7D%7D', '%E2%80%AE', '0', '999999999999999999999', '%5B%5D', 'e30', 'WzEsMl0',
]

const marker = '"@hostile@"'
const idempotencyKeys = ['', 'x'.repeat(300), '"\u00e9"', 'a b', '{{id}}']

/** A request with one hostile thing in it, or several. */
function hostileRequest(routes: readonly Route[]) {
  return fc.record({
    route: fc.constantFrom(...routes),
    /** For the parameters of the path: undefined stands for a good one. */
    param: fc.option(fc.constantFrom(...hostileText), { nil: undefined, freq: 1 }),
    queryValue: fc.constantFrom(...hostileText, 'x&limit=2&limit=3'),
    /** Which field of the body becomes hostile, and whether the whole body does. */
    fieldIndex: fc.nat(40),
    piece: fc.oneof(fc.constantFrom(...hostileJson), fc.json({ maxDepth: 4 })),
    isWhole: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
    idempotencyKey: fc.option(fc.constantFrom(...idempotencyKeys), { nil: undefined }),
  })
}

type HostileRequest = ReturnType<typeof hostileRequest> extends fc.Arbitrary<infer Value> ? Value : never

const knownFields = [
  'query', 'conversationId', 'visitorId', 'channel', 'channelExternalId', 'isDraft', 'contactId', 'contact', 'metadata',
  'author', 'externalId', 'source', 'occurredAt', 'attachments', 'streaming', 'id', 'name', 'email', 'phoneNumber',
  'firstName', 'systemPrompt', 'scopes', 'expiresAt', 'defaultCountry', 'status', 'isAiEnabled', 'messages',
]

function makeBody({ route, fieldIndex, piece, isWhole }: HostileRequest): string | undefined {
  if (!route.example) return undefined
  if (isWhole) return piece
  const fields = [...new Set([...Object.keys(route.example), ...knownFields])]
  const body = { ...route.example, [fields[fieldIndex % fields.length]!]: '@hostile@' }
  return JSON.stringify(body).replace(marker, () => piece)
}

function makePath({ route, param, queryValue }: HostileRequest, { agentId }: Hilo): string {
  const path = route.path.replaceAll(/\{\w+\}/g, param ?? agentId)
  return route.query.length === 0 ? path : `${path}?${route.query.map((name) => `${name}=${queryValue}`).join('&')}`
}

function send(hilo: Hilo, request: HostileRequest): Promise<Answer> {
  const { idempotencyKey } = request
  return hilo.request(request.route.method, makePath(request, hilo), {
    rawBody: makeBody(request),
    headers: idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey },
  })
}

const tables = [
  'agents', 'api_keys', 'contacts', 'contact_identities', 'merge_proposals', 'contact_merges', 'conversations',
  'conversation_keys', 'messages', 'events', 'idempotency_keys', 'audit_log',
] as const

/** How much the organization has of everything, and its last event. */
async function weigh(hilo: Hilo): Promise<unknown> {
  const counts = tables.map((table) => (
    sql`select ${sql.lit(table)} as name, count(*)::int as count from ${sql.table(table)}
      where organization_id = ${hilo.organizationId}`
  ))
  const { rows } = await hilo.asOwner((tx) => sql.join(counts, sql` union all `).execute(tx))
  return rows
}

for (const database of databases) {
  describe(database, skipWithout(database), () => {
    test('whatever is sent to any route, the answer is never a 500, and what is refused writes nothing', async (t) => {
      const hilo = await startHilo(t, database)
      const routes = await listRoutes(hilo)
      assert.ok(routes.length > 20)
      let weight = await weigh(hilo)
      await fc.assert(fc.asyncProperty(hostileRequest(routes), async (request) => {
        const { status, body } = await send(hilo, request)
        assert.ok(status < 500, `${status} ${JSON.stringify(body)}`)
        const before = weight
        weight = await weigh(hilo)
        if (status < 400) return
        assert.deepEqual(weight, before)
        assert.ok(body.error && body.code && body.requestId, JSON.stringify(body))
      }), { numRuns: 200 })
    })

    test('each hostile value in each field of a message is refused or recorded, never a 500', async (t) => {
      const hilo = await startHilo(t, database)
      const route = { method: 'POST', path: '/api/agents/{id}/query-agent', example: { query: 'x' }, query: [] }
      for (const piece of hostileJson) {
        await Promise.all(knownFields.map(async (field, fieldIndex) => {
          const request = {
            route, fieldIndex, piece, isWhole: false, param: undefined, queryValue: '', idempotencyKey: undefined,
          }
          const { status, body } = await send(hilo, request)
          assert.ok([200, 400, 404, 409].includes(status), `${field}: ${piece.slice(0, 50)} ${JSON.stringify(body)}`)
        }))
      }
    })

    test('a list of messages with a hostile value in each has a result for each, and records the good ones', async (t) => {
      const hilo = await startHilo(t, database)
      const pieces = hostileJson.filter((piece) => isAllowedAnywhere(piece))
      for (const field of knownFields) {
        const hostile = pieces.map((piece) => `{"query":"x","${field}":${piece}}`)
        const { status, body } = await hilo.request('POST', `/api/agents/${hilo.agentId}/messages`, {
          rawBody: `{"messages":[${hostile.join(',')},{"query":"good"}]}`,
        })
        assert.equal(status, 200, `${field}: ${JSON.stringify(body)}`)
        assert.equal(body.results.length, pieces.length + 1)
        assert.ok(body.results.at(-1).messageId, field)
      }
    })
  })
}

/** What is refused before anything is looked at condemns the whole body. */
function isAllowedAnywhere(piece: string): boolean {
  try {
    checkBody(JSON.parse(piece))
    return true
  } catch {
    return false
  }
}
