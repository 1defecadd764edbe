import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { assertRefused, queryAgent, record } from '../test/query-agent.ts'
import { readRows, takeSnapshot } from '../test/rows.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

/** What is sent in a field (dots lead into objects; a function makes it), and what the answer says. */
type Case = [field: string, value: unknown, says?: RegExp]

const longText = 'x'.repeat(257)
const url = 'https://example.com/a'

/** The schema refuses these. */
const invalidRequests: Case[] = [
  ['query', undefined, /"query" is required/],
  ...[null, 5, true, [], {}].map((value): Case => ['query', value, /must be text/]),
  ['query', '', /empty.*text or an attachment/],
  ['query', 'x'.repeat(64 * 1024 + 1), /64 KiB/],
  ['query', 'é'.repeat(32 * 1024 + 1), /64 KiB/],
  ['query', '😀'.repeat(16 * 1024 + 1), /64 KiB/],
  ...['true', 1, {}].map((value): Case => ['streaming', value, /true or false/]),
  ...['false', 0, []].map((value): Case => ['isDraft', value, /true or false/]),
  ...['WhatsApp', 'whatsap', 'telegramm', 'sms', 5, true, [], {}, ' api'].map((value): Case => (
    ['channel', value, /whatsapp, telegram, .*crmchatsappai/]
  )),
  ...['conversationId', 'visitorId', 'channelExternalId', 'contactId', 'externalId', 'author.id', 'contact.userId',
    'contact.phoneNumber'].flatMap((field) => [true, [], ['x'], {}, { id: 'x' }].map((value): Case => (
    [field, value, /must be text or a number|must be text, a number or null/]
  ))),
  ...['source', 'contact.email', 'contact.firstName', 'contact.lastName', 'author.name'].flatMap((field) => (
    [5, true, [], {}].map((value): Case => [field, value, /must be text/])
  )),
  ...['contact.firstName', 'contact.lastName', 'author.name'].map((field): Case => [field, longText, /256 characters/]),
  ...['contact', 'author', 'metadata'].flatMap((field) => ['x', 5, true, []].map((value): Case => (
    [field, value, /must be an object/]
  ))),
  ...['bot', 'contact', 'Human', 5, {}].map((value): Case => ['author.kind', value, /human, ai, system, agent/]),
  ['metadata', { text: 'x'.repeat(16 * 1024) }, /16 KiB/],
  ['metadata', { text: 'é'.repeat(8 * 1024) }, /16 KiB/],
  ...[2 ** 53, -(2 ** 60), 1e300].map((value): Case => ['metadata.id', value, /more digits than can be kept/]),
  ...['x', {}, 5].map((value): Case => ['attachments', value, /must be a list/]),
  ['attachments', Array.from({ length: 101 }, () => ({ url })), /at most 100/],
  ...[5, 'https://example.com', null, []].map((value): Case => ['attachments[0]', value, /must be an object/]),
  ['attachments[0].url', undefined, /"attachments\[0\]\.url" is required/],
  ...[5, null, {}].map((value): Case => ['attachments[0].url', value, /must be text/]),
  ...['', 'a.jpg', '/a.jpg', '//example.com/a', 'ftp://example.com/a', 'javascript:alert(1)', 'data:,x', 'file:///a',
    '{{ $json.url }}'].map((value): Case => ['attachments[0].url', value, /http or https/]),
  ['attachments[0].url', `${url}${'x'.repeat(4096)}`, /4096 characters/],
  ...['12', -1, 1.5, 1e300, true].map((value): Case => ['attachments[0].size', value]),
  ...['name', 'mimeType'].flatMap((name) => [5, {}, longText].map((value): Case => [`attachments[0].${name}`, value])),
]

/** These have the right type, but are no ids. */
const invalidIds: Case[] = [
  ...['conversationId', 'visitorId', 'channelExternalId', 'contactId', 'externalId', 'author.id',
    'contact.userId'].flatMap((field): Case[] => [
    [field, longText, /longer than 256 characters/],
    [field, '😀'.repeat(257), /longer than 256 characters/],
    [field, 1.5, /whole/],
    [field, 1e20, /as a string/],
    [field, ' x', /blank/],
    [field, 'a\nb', /line break/],
    [field, 'a\u0007b', /control character/],
    [field, 'a\u200bb', /invisible/],
  ]),
  ['source', 'a\nb', /line break/],
  ['contact.email', 'ana', /e-mail/],
  ['contact.email', 'ana@', /e-mail/],
  ['contact.email', 'Ana <ana@example.com>', /Did you mean "ana@example.com"/],
  ['contact.email', `${'x'.repeat(250)}@example.com`, /254 characters/],
]

/** The field of a body as the API names it, filled. */
function fill(field: string, value: unknown): Record<string, unknown> {
  if (field === 'attachments[0]') return { attachments: [value] }
  const inAttachment = /^attachments\[0\]\.(.*)$/.exec(field)?.[1]
  if (inAttachment) return { attachments: [{ url, [inAttachment]: value }] }
  const [first, second] = field.split('.')
  return { [first!]: second === undefined ? value : { [second]: value } }
}

/** What the test asks of this organization must leave no trace in it. */
async function startUnwritten(t: TestContext, hilo: Hilo): Promise<void> {
  const before = await takeSnapshot(hilo)
  t.after(async () => assert.deepEqual(await takeSnapshot(hilo), before))
}

for (const database of databases) {
  describe(`refused by query-agent on ${database}`, skipWithout(database), () => {
    for (const [code, cases] of [['INVALID_REQUEST', invalidRequests], ['INVALID_ID', invalidIds]] as const) {
      test(`every wrong field is named with the reason, and nothing is written: ${code}`, async (t) => {
        const hilo = await startHilo(t, database)
        await startUnwritten(t, hilo)
        for (const [field, value, says] of cases) {
          const answer = await queryAgent(hilo, fill(field, value))
          assertRefused(answer, { status: 400, code, field, says }, `${field} = ${JSON.stringify(value)?.slice(0, 80)}`)
        }
      })
    }

    test('the limits themselves are allowed', async (t) => {
      const hilo = await startHilo(t, database)
      const id = 'x'.repeat(256)
      await record(hilo, {
        query: 'é'.repeat(32 * 1024), conversationId: id, channelExternalId: id, visitorId: id, externalId: id,
        source: id, author: { id, name: id }, contact: { userId: id, firstName: id, lastName: id },
        metadata: { text: 'x'.repeat(16 * 1024 - '{"text":""}'.length) },
        attachments: Array.from({ length: 100 }, () => ({ url: `${url}${'x'.repeat(4096 - url.length)}` })),
      })
      await record(hilo, { conversationId: '😀'.repeat(256), visitorId: 9007199254740991 })
    })

    test('an id in the path that is too long is a 400, however long', async (t) => {
      const hilo = await startHilo(t, database)
      for (const length of [257, 4096, 4097, 12_000]) {
        assertRefused(await queryAgent(hilo, {}, { agentId: 'x'.repeat(length) }), {
          status: 400, code: 'INVALID_ID', says: /longer than 256 characters/,
        }, String(length))
      }
    })

    test('an agent or contact that is not in the organization is a 404, also when it is another one\'s', async (t) => {
      const hilo = await startHilo(t, database)
      const neighbour = await hilo.createNeighbour()
      await record(neighbour, { contact: { userId: 'u1' } })
      const [contact] = await readRows(neighbour, 'contacts')
      await startUnwritten(t, hilo)
      await startUnwritten(t, neighbour)
      for (const agentId of ['nobody', neighbour.agentId]) {
        assertRefused(await queryAgent(hilo, {}, { agentId }), {
          status: 404, code: 'NOT_FOUND', field: 'id', says: `"${agentId}"`,
        })
      }
      for (const contactId of ['nobody', contact!.id, 5]) {
        assertRefused(await queryAgent(hilo, { contactId }), {
          status: 404, code: 'NOT_FOUND', field: 'contactId', says: `"${contactId}"`,
        })
      }
    })

    test('without a good key it is a 401, without the scope a 403', async (t) => {
      const hilo = await startHilo(t, database)
      const expired = await hilo.createKey(['messages:write'], new Date(Date.now() - 1000))
      const reader = await hilo.createKey(['history:read', 'contacts:write'])
      await startUnwritten(t, hilo)
      for (const key of [null, 'wrong', expired, `${hilo.key}x`, hilo.key.toUpperCase()]) {
        const answer = await queryAgent(hilo, {}, { key })
        assertRefused(answer, { status: 401, code: 'UNAUTHORIZED' }, String(key))
        assert.equal(answer.headers.get('www-authenticate'), 'Bearer')
        assert.ok(key === null || !JSON.stringify(answer.body).includes(key), 'a key is never repeated')
      }
      for (const authorization of ['', 'Bearer', `Basic ${hilo.key}`, hilo.key]) {
        const answer = await queryAgent(hilo, {}, { key: null, headers: { authorization } })
        assertRefused(answer, { status: 401, code: 'UNAUTHORIZED' }, authorization)
      }
      assertRefused(await queryAgent(hilo, {}, { key: reader }), {
        status: 403, code: 'FORBIDDEN', says: 'messages:write',
      })
      const noJson = { key: null, rawBody: 'not even JSON' }
      const first = await hilo.request('POST', `/api/agents/${hilo.agentId}/query-agent`, noJson)
      assertRefused(first, { status: 401, code: 'UNAUTHORIZED' })
    })

    test('what is not a JSON object is refused with the reason', async (t) => {
      const hilo = await startHilo(t, database)
      await startUnwritten(t, hilo)
      const send = (rawBody: string | Uint8Array<ArrayBuffer>, headers = {}) => (
        hilo.request('POST', `/api/agents/${hilo.agentId}/query-agent`, { rawBody, headers })
      )
      for (const text of ['null', '5', '"text"', '[]', '[{"query":"Hola"}]', 'true']) {
        assertRefused(await send(text), { status: 400, code: 'INVALID_REQUEST', says: /body/i }, text)
      }
      for (const text of ['{', '{"query":"Hola"', "{'query':'Hola'}", '{"query":"line\nbreak"}', '{"query":"a"}}', 'x', ' ']) {
        assertRefused(await send(text), { status: 400, code: 'INVALID_JSON' }, text)
      }
      assertRefused(await send(new Uint8Array([0x7b, 0xff, 0x7d])), { status: 400, code: 'INVALID_JSON', says: /UTF-8/ })
      assertRefused(await send('{"query":"Hola"}', { 'content-type': 'text/plain' }), {
        status: 415, code: 'UNSUPPORTED_MEDIA_TYPE', says: 'application/json',
      })
      const noBody = await hilo.request('POST', `/api/agents/${hilo.agentId}/query-agent`)
      assertRefused(noBody, { status: 400, code: 'INVALID_REQUEST', says: /body is missing/ })
    })

    test('a body over 1 MiB is a 413; a list of messages may have 16 MiB', async (t) => {
      const hilo = await startHilo(t, database)
      const list = (bytes: number) => hilo.request('POST', `/api/agents/${hilo.agentId}/messages`, {
        rawBody: `{"messages":[{"query":"Hola"}]}${' '.repeat(bytes - 31)}`,
      })
      const before = await takeSnapshot(hilo)
      assertRefused(await queryAgent(hilo, { padding: 'x'.repeat(1024 * 1024) }), {
        status: 413, code: 'PAYLOAD_TOO_LARGE', says: /1048576/,
      })
      assertRefused(await list(16 * 1024 * 1024 + 1), { status: 413, code: 'PAYLOAD_TOO_LARGE', says: /16777216/ })
      assert.deepEqual(await takeSnapshot(hilo), before)
      assert.equal((await list(16 * 1024 * 1024)).status, 200)
      assert.equal((await queryAgent(hilo, { padding: 'x'.repeat(1024 * 1024 - 64) })).status, 200)
    })

    test('an id in the path that can be none is refused', async (t) => {
      const hilo = await startHilo(t, database)
      await startUnwritten(t, hilo)
      for (const agentId of [longText, 'a\u0000b', 'a\nb', '\u007f']) {
        assertRefused(await queryAgent(hilo, {}, { agentId }), { status: 400, code: 'INVALID_ID', field: 'id' }, agentId)
      }
      for (const query of ['?explain=perhaps', '?explain=2']) {
        assertRefused(await queryAgent(hilo, {}, { query }), { status: 400, code: 'INVALID_REQUEST', field: 'explain' })
      }
    })

    test('an Idempotency-Key that is none is refused', async (t) => {
      const hilo = await startHilo(t, database)
      await startUnwritten(t, hilo)
      for (const key of [longText, 'undefined', '{{ $json.id }}', '\u00adx']) {
        const headers = { 'idempotency-key': key }
        assertRefused(await queryAgent(hilo, {}, { headers }), { status: 400, code: 'INVALID_ID', field: 'Idempotency-Key' })
      }
    })
  })
}
