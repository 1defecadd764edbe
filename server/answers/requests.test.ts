import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ask, query, startAnswering } from '../test/answers.ts'
import { assertRefused } from '../test/query-agent.ts'
import { readMessages } from '../test/rows.ts'
import type { ChatRequest } from '../test/scripted-model.ts'
import { databases, skipWithout } from '../test/start-hilo.ts'
import { startServer } from '../test/start-server.ts'

const systemOf = ({ messages }: ChatRequest) => String(messages.find(({ role }) => role === 'system')?.content ?? '')
const usersOf = ({ messages }: ChatRequest) => messages.filter(({ role }) => role === 'user').map(({ content }) => content)

/** The smallest PNG: one pixel. */
const pixel = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64',
)

/** Values as JSON, also such as no serializer would write. */
const hostile = [
  '"\\u0000"', '"a\\ud800"', '1e999', '-0', '1e-400', '9007199254740993', '"\\n"', '"{{ $json.id }}"', '"{query}"',
  '{"__proto__":{"a":1}}', '{"\\u0000":1}', '[null]', '[[[[]]]]', '[{"url":"http://[::1"}]', '"file:///etc/passwd"',
  '"http://127.0.0.1:1"', 'true', '0.5',
]

for (const database of databases) {
  describe(`requests of query on ${database}`, skipWithout(database), () => {
    test('what a call says of the model reaches it, before the settings of the agent', async (t) => {
      const { hilo, model } = await startAnswering(t, database, { systemPrompt: 'You sell tools.' })
      await ask(hilo, {
        temperature: 0.25, modelName: 'gpt_4o', maxTokens: 77, topP: 0.5, presencePenalty: -1.5, frequencyPenalty: 1.25,
        context: '  It is Monday.  ', systemPrompt: 'You are a pirate.', promptType: 'customer_support',
      })
      const { body } = model.requests[0]!
      assert.deepEqual(
        [body.model, body.temperature, body.max_tokens, body.top_p, body.presence_penalty, body.frequency_penalty],
        ['gpt-4o', 0.25, 77, 0.5, -1.5, 1.25],
      )
      assert.match(systemOf(model.requests[0]!), /^You are a pirate\.\n\nIt is Monday\.\n/)
      await ask(hilo, { systemPrompt: '', modelName: 'constructor', temperature: 0 })
      assert.deepEqual([model.requests[1]!.body.model, model.requests[1]!.body.temperature], ['constructor', 0])
      assert.match(systemOf(model.requests[1]!), /^You sell tools\.\n/)
      const { body: agent } = await hilo.request('GET', `/api/agents/${hilo.agentId}`)
      assert.deepEqual([agent.systemPrompt, agent.model.temperature], ['You sell tools.', null])
    })

    test('raw and promptTemplate leave the instructions out and stand for the message; userPrompt only stands for it', async (t) => {
      const { hilo, model } = await startAnswering(t, database, { systemPrompt: 'You sell tools.' })
      const raw = { promptType: 'raw', promptTemplate: 'Say {query} and {query} $& $1', systemPrompt: 'x', context: 'y' }
      await ask(hilo, { query: 'a$&b', ...raw })
      assert.deepEqual([systemOf(model.requests[0]!), usersOf(model.requests[0]!)], ['', ['Say a$&b and a$&b $& $1']])
      await ask(hilo, { query: 'one', userPrompt: 'In verse: {query}', promptTemplate: 'ignored' })
      assert.match(systemOf(model.requests[1]!), /^You sell tools/)
      assert.deepEqual(usersOf(model.requests[1]!), ['In verse: one'])
      const texts = (await readMessages(hilo)).filter((row) => row.author_kind === 'contact').map((row) => row.text)
      assert.deepEqual(texts.sort(), ['a$&b', 'one'], 'the history keeps what the customer wrote')
    })

    test('attachments may have only an address, and an empty query one: texts and images are read, all else named', async (t) => {
      const files = await startServer(t, ({ url }, response) => {
        if (url === '/list.txt') response.setHeader('content-type', 'text/plain').end('Three hammers ñ😀')
        else if (url === '/photo') response.setHeader('content-type', 'image/png').end(pixel)
        else response.writeHead(404).end('gone')
      })
      const { hilo, model } = await startAnswering(t, database)
      await hilo.request('PATCH', `/api/agents/${hilo.agentId}`, {
        body: { model: { provider: 'openai-compatible', name: 'm', baseUrl: model.baseUrl, acceptsImages: true } },
      })
      const urls = ['/list.txt', '/photo', '/missing.pdf'].map((path) => files.url + path)
      await ask(hilo, { query: '', attachments: urls.map((url) => ({ url })) })
      const shown = JSON.stringify(usersOf(model.requests[0]!))
      assert.match(shown, /Three hammers ñ😀/)
      assert.ok(shown.includes(pixel.toString('base64')))
      assert.match(shown, /missing\.pdf/)
      assert.deepEqual((await readMessages(hilo))[0]!.attachments, urls.map((url) => ({ url })))
      assertRefused(await query(hilo, { query: '', attachments: [] }), {
        status: 400, code: 'INVALID_REQUEST', field: 'query',
      })
    })

    test('null and empty texts count as absent in every optional field; unknown ones are ignored', async (t) => {
      const { hilo, model } = await startAnswering(t, database, { systemPrompt: 'You sell tools.' })
      const ids = ['conversationId', 'visitorId', 'channelExternalId', 'contactId', 'externalId', 'source', 'occurredAt']
      const texts = [
        ...ids, 'channel', 'context', 'systemPrompt', 'promptType', 'promptTemplate', 'userPrompt', 'modelName',
        'webhookUrl', 'webhook_url', 'callbackUrl',
      ]
      const others = [
        'contact', 'metadata', 'attachments', 'streaming', 'temperature', 'maxTokens', 'topP', 'presencePenalty',
        'frequencyPenalty',
      ]
      const withAll = (names: readonly string[], value: unknown) => (
        Object.fromEntries(names.map((name) => [name, value]))
      )
      const empty = [{}, withAll([...texts, ...others], null), withAll(texts, '')]
      const unknown = {
        filters: { datastore_ids: ['x'] }, formId: 1, toolsConfig: null, isDraft: true, author: { kind: 'human' },
        from: 'agent', queryArray: ['a'], truncateQuery: true,
      }
      for (const body of [...empty, unknown]) assert.equal((await ask(hilo, body)).answer, 'Hi.')
      const [plain, ...asPlain] = model.requests.map(({ body }) => body)
      for (const body of asPlain) assert.deepEqual(body, plain)
      for (const row of (await readMessages(hilo)).filter(({ author_kind }) => author_kind !== 'ai')) {
        assert.deepEqual([row.author_kind, row.is_draft, row.channel], ['contact', false, 'api'])
      }
    })

    test('?explain=true adds what decided, by the same rules as query-agent', async (t) => {
      const { hilo } = await startAnswering(t, database)
      const said = { channel: 'whatsapp', visitorId: '5491155550000', contact: { firstName: 'Ana' }, metadata: { a: 1 } }
      const first = await ask(hilo, said, { path: '?explain=true' })
      assert.deepEqual([first.resolution.conversation.created, first.resolution.contact.created], [true, true])
      const again = await ask(hilo, { ...said, visitorId: '541155550000' }, { path: '?explain=true' })
      assert.deepEqual([again.resolution.conversation.created, again.conversationId], [false, first.conversationId])
      assert.ok(!('resolution' in await ask(hilo, said)))
      const { body: { lastMessage } } = await hilo.request('GET', `/api/conversations/${first.conversationId}`)
      assert.equal(lastMessage.text, 'Hi.')
    })

    test('what goes beyond the documented limits is refused with its field, and nothing is recorded', async (t) => {
      const { hilo, model } = await startAnswering(t, database)
      const wrong = {
        query: ['x'.repeat(64 * 1024 + 1), 5, null], temperature: [-0.1, 1.1, '0.5'], topP: [-1, 1.5],
        maxTokens: [0, 1.5, 1_000_001], presencePenalty: [-2.1, 2.1], frequencyPenalty: [-3, 3],
        modelName: ['m'.repeat(257)], context: ['x'.repeat(65_537)], systemPrompt: ['x'.repeat(65_537), 1],
        promptType: ['other'], channel: ['fax'], streaming: ['yes'],
        attachments: [[{ url: 'ftp://example.com' }], Array.from({ length: 101 }, () => ({ url: 'https://example.com' }))],
      }
      const cases = Object.entries(wrong).flatMap(([field, values]) => values.map((value) => ({ field, value })))
      await Promise.all(cases.map(async ({ field, value }) => {
        const { status, body } = await query(hilo, { [field]: value })
        assert.deepEqual([status, body.code], [400, 'INVALID_REQUEST'], `${field}: ${JSON.stringify(body)}`)
        assert.ok(String(body.field).startsWith(field), JSON.stringify(body))
      }))
      assertRefused(await query({ ...hilo, agentId: 'nobody' }, {}), { status: 404, code: 'NOT_FOUND' })
      assertRefused(await query(hilo, {}, { key: await hilo.createKey(['history:read']) }), {
        status: 403, code: 'FORBIDDEN',
      })
      assert.deepEqual([model.requests.length, (await readMessages(hilo)).length], [0, 0])
      const longest = { query: 'x'.repeat(64 * 1024), context: 'x'.repeat(65_536), temperature: 1, presencePenalty: -2 }
      assert.equal((await ask(hilo, longest)).answer, 'Hi.')
    })

    test('no value in any field makes the server fail', async (t) => {
      const { hilo } = await startAnswering(t, database)
      const fields = [
        'query', 'streaming', 'context', 'systemPrompt', 'promptType', 'userPrompt', 'modelName', 'temperature',
        'maxTokens', 'topP', 'presencePenalty', 'webhookUrl', 'metadata', 'attachments', 'contact', 'occurredAt',
      ]
      const bodies = fields.flatMap((name) => hostile.map((text) => `{"query":"Hola","${name}":${text}}`))
      const path = `/api/agents/${hilo.agentId}/query`
      await Promise.all(bodies.map(async (rawBody) => {
        const { status, body } = await hilo.request('POST', path, { rawBody })
        assert.ok(status === 200 || (status >= 400 && status < 500), `${status} ${JSON.stringify(body)} ${rawBody}`)
      }))
      assert.equal((await hilo.request('GET', '/livez')).status, 200)
    })
  })
}
