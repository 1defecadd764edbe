// Alone: it replaces the console.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createGuardedClient } from '../guarded-client/guarded-fetch.ts'
import { findFreePort } from '../test/find-free-port.ts'
import { type Reply, startScriptedModel } from '../test/scripted-model.ts'
import { createAskModel } from './ask-model.ts'
import type { ModelListener, ModelSettings } from './model-call.ts'
import { readAskedWait } from './retry-fetch.ts'

const settings: ModelSettings = {
  provider: 'openai-compatible', name: 'tiny', apiKey: 'sk-secret-key', acceptsImages: false, acceptsTools: true,
  timeoutMs: 60_000,
}

function prepare(t: TestContext) {
  const client = createGuardedClient({ allowPrivate: true })
  t.after(() => client.close())
  const ask = createAskModel({ fetch: client.fetch, prices: {}, retryDelayMs: 1 })
  return (model: ModelSettings, listener: Partial<ModelListener> = {}) => ask({
    models: [model], instructions: '', messages: [{ role: 'user', text: 'Hi' }], tools: [],
  }, { signal: new AbortController().signal, ...listener })
}

async function askScripted(t: TestContext, ...replies: Reply[]) {
  const model = await startScriptedModel(t, (_request, index) => replies[Math.min(index, replies.length - 1)]!)
  const outcome = await prepare(t)({ ...settings, baseUrl: model.baseUrl })
  return { model, outcome, reason: outcome.ok ? undefined : outcome.reason }
}

const eventStream = { 'content-type': 'text/event-stream' }
const chunk = (choice: object) => `data: ${JSON.stringify({
  id: 'x', object: 'chat.completion.chunk', created: 1, model: 'tiny', choices: [{ index: 0, ...choice }],
})}\n\n`

test('what answers but is no model is named as such', async (t) => {
  const page = await askScripted(t, { body: '<!doctype html><title>Hello</title>', headers: { 'content-type': 'text/html' } })
  const unreadable = /^The model "tiny" of openai-compatible at 127\.0\.0\.1:\d+ gave an answer that cannot be read, [^<{]*$/
  assert.match(page.reason!, unreadable)
  const junk = await askScripted(t, { body: 'data: {"hello"\n\n', headers: eventStream })
  assert.match(junk.reason!, unreadable)
  assert.equal(page.model.requests.length, 1)
})

test('an error in the middle of the stream is told in the words of the provider, never with the key', async (t) => {
  const body = 'data: {"error":{"message":"The engine\\nis overloaded, key sk-secret-key.","type":"server_error"}}\n\n'
  const { reason } = await askScripted(t, { body, headers: eventStream })
  assert.match(reason!, /broke its answer off: The engine is overloaded, key \*\*\*\.$/)
})

test('a long error is cut, and a page instead of an error is left out', async (t) => {
  const long = await askScripted(t, { status: 400, body: JSON.stringify({ error: { message: '😀'.repeat(100_000) } }) })
  assert.ok(long.reason!.length < 400, `${long.reason!.length}`)
  const page = await askScripted(t, { status: 400, body: `<html>${'x'.repeat(100_000)}sk-secret-key`, headers: { 'content-type': 'text/html' } })
  assert.match(page.reason!, /does not take the request \(400\)\.$/)
})

test('a model that ends without a word says why; saying nothing of itself is an answer', async (t) => {
  const end = (finish: string) => ({ body: `${chunk({ delta: {}, finish_reason: finish })}data: [DONE]\n\n`, headers: eventStream })
  assert.match((await askScripted(t, end('length'))).reason!, /used up its maxTokens before it said a word; raise maxTokens\.$/)
  assert.match((await askScripted(t, end('content_filter'))).reason!, /content filter held it back/)
  const { outcome } = await askScripted(t, end('stop'))
  assert.deepEqual([outcome.ok, outcome.text, outcome.usage.totalTokens], [true, '', 0])
})

test('a model whose connection breaks before it answers is asked again, and one that is not there is named', async (t) => {
  let count = 0
  const closed = await findFreePort()
  const model = await startScriptedModel(t, () => ({ text: 'Hello.' }))
  const client = createGuardedClient({ allowPrivate: true })
  t.after(() => client.close())
  const ask = createAskModel({
    prices: {}, retryDelayMs: 1,
    fetch: (input, init) => client.fetch(++count < 3 ? `http://127.0.0.1:${closed}/` : input, init),
  })
  const request = { models: [{ ...settings, baseUrl: model.baseUrl }], instructions: '', messages: [{ role: 'user' as const, text: 'Hi' }], tools: [] }
  assert.equal((await ask(request, { signal: new AbortController().signal })).text, 'Hello.')
  assert.equal(count, 3)
  const absent = await prepare(t)({ ...settings, baseUrl: `http://127.0.0.1:${closed}/v1` })
  assert.match(absent.ok ? '' : absent.reason, /"tiny" of .* at 127\.0\.0\.1:\d+ cannot be reached\. "127\.0\.0\.1" refuses the connection/)
})

test('an account without credit is told from one that is asked too often', async (t) => {
  const { reason } = await askScripted(t, {
    status: 429, body: '{"error":{"message":"You exceeded your quota","code":"insufficient_quota"}}', headers: { 'retry-after': '60' },
  })
  assert.match(reason!, /the account has no credit left \(429\)/)
})

test('a redirect of a model is not followed, and is named with where it leads', async (t) => {
  const { reason, model } = await askScripted(t, { status: 307, body: '', headers: { location: 'https://elsewhere.example.com/v2' } })
  assert.match(reason!, /cannot be reached\. .* a redirect \(307\), which is not followed\. .* "elsewhere\.example\.com"/)
  assert.ok(model.requests.length > 0)
})

test('a listener that throws ends the call with its error, and lets the model go', async (t) => {
  const model = await startScriptedModel(t, () => ({ text: 'Hello', hang: true }))
  const fault = new Error('the listener is broken')
  const asked = prepare(t)({ ...settings, baseUrl: model.baseUrl }, { onText: () => { throw fault } })
  await assert.rejects(asked, fault)
  assert.equal(await model.requests[0]!.closed, true)
})

test('nothing is printed, whatever a model does', async (t) => {
  const printed: unknown[] = []
  for (const method of ['log', 'warn', 'error', 'info', 'debug'] as const) {
    t.mock.method(console, method, (...words: unknown[]) => { printed.push(words) })
  }
  t.mock.method(process, 'emitWarning', (...words: unknown[]) => { printed.push(words) })
  for (const reply of [{ status: 400 }, { breakOff: true }, { text: 'x' }, { body: 'junk', headers: eventStream }] satisfies Reply[]) {
    await askScripted(t, reply)
  }
  const model = await startScriptedModel(t, () => ({ status: 400 }))
  const unknown = { presencePenalty: 1, frequencyPenalty: 1, topP: 0.5, temperature: 0.5 }
  await prepare(t)({ ...settings, ...unknown, provider: 'anthropic', name: 'claude-x', baseUrl: model.baseUrl })
  await prepare(t)({ ...settings, ...unknown, provider: 'openai', name: 'o3', baseUrl: model.baseUrl })
  assert.deepEqual(printed, [])
})

test('a wait is read in seconds, as a date, and in milliseconds', () => {
  const read = (headers: Record<string, string>) => readAskedWait(new Headers(headers))
  assert.deepEqual([{}, { 'retry-after': ' 2' }, { 'retry-after': '1.5' }, { 'retry-after': 'soon' }, { 'retry-after': '9', 'retry-after-ms': '15' }].map(
    (headers) => read(headers as Record<string, string>)), [undefined, 2000, 1500, undefined, 15])
  assert.equal(read({ 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }), 0)
  assert.ok(read({ 'retry-after': new Date(Date.now() + 60_000).toUTCString() })! > 50_000)
})
