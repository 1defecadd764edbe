import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { readMessages, takeSnapshot } from '../test/rows.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

/** JSON as text: what no serializer would write can be written here. */
type JsonText = string

const fieldNames = [
  'query', 'streaming', 'conversationId', 'visitorId', 'channel', 'channelExternalId', 'isDraft', 'contactId', 'contact',
  'metadata', 'author', 'externalId', 'source', 'occurredAt', 'attachments', 'from', 'messages', 'email', 'phoneNumber',
  'userId', 'firstName', 'kind', 'name', 'id', 'url', 'size',
]

const hostileTexts: JsonText[] = [
  '"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\udfff x"', '1e999', '-1e999', '1e308', '-0', '1e-400', '9007199254740993',
  '123456789012345678901234567890', '"\\u2028"', '"\\n"', '"{{ $json.id }}"', '"__proto__"', '"crmchatsappai_1"',
  '"\'; drop table messages; --"', '"\\\\x00"', '{"__proto__":{"a":1}}', '{"constructor":{"prototype":{"a":1}}}',
  '{"\\u0000":1}', '{"\\ud800":1}', '{"toString":1,"hasOwnProperty":null}', '{"length":-1}', '[[[[]]]]', '[null]', '""',
]

/** Any UTF-16 code units: also NUL and halves of characters. */
const anyText: fc.Arbitrary<JsonText> = fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) })
  .map((text) => JSON.stringify(text))

const manyOf = fc.record({ open: fc.constantFrom('[', '{"a":'), depth: fc.integer({ min: 1, max: 5000 }) })
  .map(({ open, depth }) => `${open.repeat(depth)}1${(open === '[' ? ']' : '}').repeat(depth)}`)

const hugeArray = fc.record({ length: fc.integer({ min: 0, max: 20_000 }), entry: fc.constantFrom('0', '""', '{}', '[]') })
  .map(({ length, entry }) => `[${Array(length).fill(entry).join(',')}]`)

const leaf: fc.Arbitrary<JsonText> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...hostileTexts) },
  { weight: 2, arbitrary: fc.json() },
  { weight: 1, arbitrary: anyText },
  { weight: 1, arbitrary: manyOf },
  { weight: 1, arbitrary: hugeArray },
)

const key = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...fieldNames).map((name) => JSON.stringify(name)) },
  { weight: 1, arbitrary: fc.constantFrom('"__proto__"', '"constructor"', '"prototype"', '"\\u0000"', '"\\ud800"', '""') },
  { weight: 1, arbitrary: anyText },
)

const { value } = fc.letrec<{ value: JsonText }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 4 })
      .map((entries) => `{${entries.map(([name, one]) => `${name}:${one}`).join(',')}}`),
  ),
}))

/** A good message in which one or two fields are hostile: it comes deeper in than what is wrong everywhere. */
const almostGood: fc.Arbitrary<JsonText> = fc.record({
  start: fc.constantFrom(
    '"query":"Hola"', '"query":"Hola","channel":"whatsapp","visitorId":"5491155550000"',
    '"query":"Hola","contact":{"email":"ana@example.com"},"conversationId":"one"',
  ),
  changed: fc.array(fc.tuple(fc.constantFrom(...fieldNames), value), { minLength: 1, maxLength: 2 }),
}).map(({ start, changed }) => `{${[start, ...changed.map(([name, one]) => `"${name}":${one}`)].join(',')}}`)

const body = fc.oneof(
  { weight: 5, arbitrary: almostGood },
  { weight: 2, arbitrary: value },
  { weight: 1, arbitrary: fc.array(almostGood, { maxLength: 3 }).map((items) => `{"messages":[${items.join(',')}]}`) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }).map((bytes) => new Uint8Array(bytes)) },
)

const request = fc.record({ body, door: fc.constantFrom('query-agent', 'query-agent', 'resolve', 'messages') })

/** Ids of the messages that an answer says are recorded. */
function readIds(door: string, answer: string | { messageId?: string, results?: { messageId?: string }[] }): string[] {
  if (door === 'resolve') return []
  if (typeof answer === 'string') return [/"messageId":"(\w+)"/.exec(answer)![1]!] // it was asked for as a stream
  return (answer.results ?? [answer]).flatMap(({ messageId }) => messageId ?? [])
}

interface Sent {
  body: string | Uint8Array<ArrayBuffer>
  door: string
}

/** Asks: what is hostile is the caller's fault, and answered as such. @returns ids of the messages recorded. */
async function ask(hilo: Hilo, { body: rawBody, door }: Sent): Promise<string[]> {
  const { status, body: answer } = await hilo.request('POST', `/api/agents/${hilo.agentId}/${door}`, { rawBody })
  assert.ok(status === 200 || (status >= 400 && status < 500), `${status} ${JSON.stringify(answer)} ${String(rawBody)}`)
  if (status !== 200) assert.deepEqual([typeof answer.error, typeof answer.code], ['string', 'string'])
  for (const result of answer.results ?? []) assert.notEqual(result.code, 'INTERNAL', JSON.stringify(result))
  return readIds(door, answer)
}

for (const database of databases) {
  describe(`hostile bodies on ${database}`, skipWithout(database), () => {
    test('no value in any field makes the server fail, and only what is acknowledged is written', async (t) => {
      const hilo = await startHilo(t, database)
      const bodies = fieldNames.flatMap((name) => hostileTexts.map((text) => `{"query":"Hola","${name}":${text}}`))
      const sent = await Promise.all(bodies.map((rawBody) => ask(hilo, { body: rawBody, door: 'query-agent' })))
      assert.equal((await readMessages(hilo)).length, new Set(sent.flat()).size)
      assert.equal(Object.hasOwn(Object.prototype, 'a'), false)
    })

    test('no body makes the server fail, and one that is refused writes nothing', async (t) => {
      const hilo = await startHilo(t, database)
      let before = await takeSnapshot(hilo)
      await fc.assert(fc.asyncProperty(request, async (sent) => {
        const ids = await ask(hilo, sent)
        const after = await takeSnapshot(hilo)
        if (ids.length === 0) assert.deepEqual(after, before)
        before = after
      }), { numRuns: 100, endOnFailure: true })
      assert.equal((await hilo.request('GET', '/livez')).status, 200)
    })
  })
}
