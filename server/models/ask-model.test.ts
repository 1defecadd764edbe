// Alone: it sets environment variables.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createGuardedClient } from '../guarded-client/guarded-fetch.ts'
import { openPieces, type Reply, startScriptedModel } from '../test/scripted-model.ts'
import { type AskModelOptions, createAskModel } from './ask-model.ts'
import type { ModelListener, ModelOutcome, ModelRequest, ModelSettings, ModelTool, ToolCall } from './model-call.ts'

const settings: ModelSettings = {
  provider: 'openai-compatible', name: 'tiny', apiKey: 'sk-secret-key', acceptsImages: false, acceptsTools: true,
  timeoutMs: 60_000,
}

/** Asks with what the test cares about, and keeps what was told while the answer came. */
function prepare(t: TestContext, options: Partial<AskModelOptions> & { allowPrivate?: boolean } = {}) {
  const client = createGuardedClient({ allowPrivate: options.allowPrivate ?? true })
  t.after(() => client.close())
  const ask = createAskModel({ fetch: client.fetch, prices: {}, retryDelayMs: 1, ...options })
  const pieces: string[] = []
  const calls: ToolCall[] = []
  return {
    pieces, calls,
    ask: (models: ModelSettings[], more: Partial<ModelRequest> & Partial<ModelListener> = {}) => {
      const { signal = new AbortController().signal, onText = () => {}, ...request } = more
      return ask({ models, instructions: 'Be kind.', messages: [{ role: 'user', text: 'Hi' }], tools: [], ...request }, {
        signal,
        onText: (piece) => { pieces.push(piece); onText(piece) },
        onToolCall: (call) => calls.push(call),
      })
    },
  }
}

async function startModel(t: TestContext, ...replies: Reply[]) {
  const model = await startScriptedModel(t, (_request, index) => replies[Math.min(index, replies.length - 1)]!)
  return { ...model, settings: { ...settings, baseUrl: model.baseUrl } }
}

function reasonOf(outcome: ModelOutcome): string {
  assert.ok(!outcome.ok, 'it answered')
  assert.ok(!outcome.reason.includes('sk-secret-key'), outcome.reason)
  return outcome.reason
}

const lookUp: ModelTool = {
  name: 'look_up', description: 'Finds an order.',
  parameters: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
  run: async ({ id }) => `Order ${String(id)} is on its way.`,
}

test('the answer comes in pieces while the model still speaks, and whole at the end, with usage and cost', async (t) => {
  const { pieces: spoken, say, end } = openPieces()
  const model = await startModel(t, { pieces: spoken, usage: { prompt_tokens: 1000, completion_tokens: 500 } })
  const { ask, pieces } = prepare(t, { prices: { tiny: { input: 2, output: 8 } } })
  const first = Promise.withResolvers<void>()
  const limits = { temperature: 0.5, maxTokens: 99, topP: 0.9, presencePenalty: 1, frequencyPenalty: -1 }
  const asked = ask([{ ...model.settings, ...limits }], {
    messages: [{ role: 'user', text: 'Hi' }, { role: 'assistant', text: '[Ana] Hello' }, { role: 'user', text: 'Bye' }],
    onText: () => first.resolve(),
  })
  say('Good')
  await first.promise
  assert.deepEqual(pieces, ['Good'])
  say('bye.')
  end()
  assert.deepEqual(await asked, {
    ok: true, model: 'tiny', text: 'Goodbye.', toolCalls: [],
    usage: { promptTokens: 1000, completionTokens: 500, totalTokens: 1500, cost: 0.006 },
  })
  const [{ body, headers }] = model.requests as [(typeof model.requests)[0]]
  assert.equal(headers.authorization, 'Bearer sk-secret-key')
  assert.deepEqual([body.tools, body.tool_choice], [undefined, undefined], 'providers refuse an empty list')
  const { temperature, max_tokens, top_p, presence_penalty, frequency_penalty } = body
  assert.deepEqual([temperature, max_tokens, top_p, presence_penalty, frequency_penalty], [0.5, 99, 0.9, 1, -1])
  assert.deepEqual(body.messages, [
    { role: 'system', content: 'Be kind.' }, { role: 'user', content: 'Hi' },
    { role: 'assistant', content: '[Ana] Hello' }, { role: 'user', content: 'Bye' },
  ])
})

test('no piece ends inside a character, and what cannot be stored is taken out', async (t) => {
  const model = await startModel(t, { pieces: ['a\uD83D', '\uDE00b', '\uD83D\uDE00', '\uD83D', 'x\0y', '\uDE00', 'z\uD83D'] })
  const { ask, pieces } = prepare(t)
  const outcome = await ask([model.settings])
  assert.deepEqual(pieces, ['a', '😀b', '😀', '\uFFFDxy', '\uFFFD', 'z'])
  assert.equal(outcome.text, pieces.join(''))
})

test('a tool is run with what the model asked for, its answer is told to the model, and usage covers both', async (t) => {
  const usage = { prompt_tokens: 10, completion_tokens: 1 }
  const model = await startModel(t,
    { text: 'Let me look.', toolCalls: [{ name: 'look_up', arguments: { id: '7' } }], usage }, { text: 'On its way!', usage },
  )
  const { ask, calls } = prepare(t)
  const outcome = await ask([model.settings], { tools: [lookUp] })
  const called = [{ name: 'look_up', arguments: { id: '7' } }]
  assert.deepEqual([outcome.ok, outcome.text, outcome.toolCalls, calls], [true, 'Let me look.\n\nOn its way!', called, called])
  assert.deepEqual([outcome.usage.promptTokens, outcome.usage.completionTokens], [20, 2])
  const [first, second] = model.requests
  assert.deepEqual(first!.tools[0]!.function.parameters, lookUp.parameters)
  assert.equal(second!.messages.at(-1)!.content, 'Order 7 is on its way.')
})

test('arguments that are no object, or hold what cannot be stored, never reach a tool: the model is told', async (t) => {
  const hostile = [[], 'text', { id: 'a\0b' }, { id: '\uD800' }, JSON.parse('{"__proto__":{"a":1}}') as object]
  const model = await startModel(t,
    { toolCalls: hostile.map((input) => ({ name: 'look_up', arguments: input })) },
    { toolCalls: [{ name: 'no_such_tool', arguments: {} }] }, { text: 'Sorry.' },
  )
  const { ask, calls } = prepare(t)
  const outcome = await ask([model.settings], { tools: [{ ...lookUp, run: () => assert.fail('the tool was run') }] })
  assert.deepEqual([outcome.ok, outcome.text, calls], [true, 'Sorry.', []])
  const told = model.requests[1]!.messages.filter(({ role }) => role === 'tool').map(({ content }) => String(content))
  assert.equal(told.length, hostile.length)
  for (const words of told) assert.match(words, /arguments cannot be used|Invalid|unavailable|prototype/i)
})

test('after seven rounds of tools the model is asked for words only', async (t) => {
  const model = await startScriptedModel(t, ({ body }) => (
    body.tool_choice === 'none' ? { text: 'Enough.' } : { toolCalls: [{ name: 'look_up', arguments: { id: '1' } }] }
  ))
  const { ask, calls } = prepare(t)
  const outcome = await ask([{ ...settings, baseUrl: model.baseUrl }], { tools: [lookUp] })
  assert.deepEqual([outcome.ok, outcome.text, calls.length, model.requests.length], [true, 'Enough.', 7, 8])
})

test('after twenty calls no tool is called again, however many are asked for at once; another one may be', async (t) => {
  const many = Array.from({ length: 300 }, (_, index) => ({ name: 'look_up', arguments: { id: String(index) } }))
  const other = { name: 'give_up', arguments: {} }
  const model = await startModel(t, { toolCalls: [...many, other, other] }, { text: 'Enough.' })
  const { ask, calls } = prepare(t)
  let count = 0
  const run = async () => `It was call ${++count}.`
  const outcome = await ask([model.settings], { tools: [{ ...lookUp, run }, { ...lookUp, name: 'give_up', parameters: {}, run }] })
  assert.deepEqual([outcome.text, count], ['Enough.', 21])
  assert.deepEqual([calls, outcome.toolCalls], [[...many.slice(0, 20), other], calls])
  const told = model.requests[1]!.messages.filter(({ role }) => role === 'tool').map(({ content }) => content)
  assert.equal(told.filter((words) => words === 'Too many calls; answer with what you have.').length, 281)
})

test('a fault of a tool of ours is thrown to the caller, and the model is not asked again', async (t) => {
  const model = await startModel(t, { toolCalls: [{ name: 'look_up', arguments: { id: '1' } }] })
  const fault = new Error('the database is gone')
  const { ask } = prepare(t)
  await assert.rejects(ask([model.settings], { tools: [{ ...lookUp, run: () => Promise.reject(fault) }] }), fault)
  assert.equal(model.requests.length, 1)
})

test('who breaks a call off gets what was said until then, the model is let go, and no other is asked', async (t) => {
  const { pieces: spoken, say } = openPieces()
  const model = await startModel(t, { pieces: spoken })
  const other = await startModel(t, { text: 'never' })
  const stopping = new AbortController()
  say('Half an')
  const outcome = await prepare(t).ask([model.settings, other.settings], {
    signal: stopping.signal, onText: () => stopping.abort(),
  })
  assert.deepEqual([outcome.ok, outcome.ok || outcome.isAborted, outcome.text], [false, true, 'Half an'])
  assert.equal(await model.requests[0]!.closed, true)
  assert.equal(other.requests.length, 0)
})

test('a call can be broken off before its first word, and while a tool runs', async (t) => {
  const silent = await startModel(t, { hang: true })
  const stopping = new AbortController()
  void silent.waitFor(1).then(() => stopping.abort())
  const before = await prepare(t).ask([silent.settings], { signal: stopping.signal })
  assert.deepEqual([before.ok || before.isAborted, before.text, await silent.requests[0]!.closed], [true, '', true])

  const calling = await startModel(t, { text: 'Wait.', toolCalls: [{ name: 'look_up', arguments: { id: '1' } }] })
  const second = new AbortController()
  const outcome = await prepare(t).ask([calling.settings], {
    signal: second.signal,
    tools: [{ ...lookUp, run: (_input, signal) => new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error))
      second.abort()
    }) }],
  })
  assert.deepEqual([outcome.ok || outcome.isAborted, outcome.text, outcome.toolCalls.length], [true, 'Wait.', 1])
  const aborted = await prepare(t).ask([calling.settings], { signal: AbortSignal.abort() })
  assert.equal(aborted.ok || aborted.isAborted, true)
})

test('a model that fails before its first word is followed by the next, whose name the answer carries', async (t) => {
  const failing = await startModel(t, { status: 401 })
  const broken = await startModel(t, { breakOff: true })
  const good = await startModel(t, { text: 'Here I am.', usage: { prompt_tokens: 3, completion_tokens: 2 } })
  const outcome = await prepare(t).ask([failing.settings, broken.settings, { ...good.settings, name: 'second' }])
  assert.deepEqual([outcome.ok, outcome.model, outcome.text], [true, 'second', 'Here I am.'])
  const reason = reasonOf(await prepare(t).ask([failing.settings, broken.settings]))
  assert.match(reason, /the API key is refused \(401\).* The model "tiny" .* broke its answer off/)
})

test('a model that fails after it spoke, or after a tool ran, is followed by no other', async (t) => {
  const good = await startModel(t, { text: 'never' })
  const { pieces, say, end } = openPieces()
  const broken = await startModel(t, { pieces, breakOff: true })
  say('Half an')
  const spoken = await prepare(t).ask([broken.settings, good.settings], { onText: end })
  assert.match(reasonOf(spoken), /broke its answer off/)
  assert.equal(spoken.text, 'Half an')
  const calling = await startModel(t, { toolCalls: [{ name: 'look_up', arguments: { id: '1' } }] }, { status: 400 })
  const called = await prepare(t).ask([calling.settings, good.settings], { tools: [lookUp] })
  assert.match(reasonOf(called), /does not take the request \(400\)/)
  assert.deepEqual([called.toolCalls.length, good.requests.length], [1, 0])
})

test('a model that takes no tools is offered none, be it the first or the one after it; one that refuses them says so', async (t) => {
  const refusal = JSON.stringify({ error: { message: 'registry.ollama.ai/library/tiny does not support tools', type: 'api_error' } })
  const refusing = await startModel(t, { status: 400, body: refusal })
  const plain = await startModel(t, { text: 'Without.' })
  const { ask } = prepare(t)
  const without = { ...plain.settings, acceptsTools: false }
  assert.equal((await ask([refusing.settings, without], { tools: [lookUp] })).text, 'Without.')
  assert.equal((await ask([without, refusing.settings], { tools: [lookUp] })).text, 'Without.')
  assert.deepEqual(refusing.requests.map(({ tools }) => tools.length), [1])
  assert.deepEqual(plain.requests.map(({ body }) => ['tools' in body, 'tool_choice' in body]), [[false, false], [false, false]])
  assert.match(
    reasonOf(await ask([refusing.settings], { tools: [lookUp] })),
    /takes no tools \(400\): .* does not support tools\. Set its acceptsTools to false, or choose a model that can use tools\.$/,
  )
})

test('a model that says nothing, or does not end, is given up when its time is up', async (t) => {
  const silent = await startModel(t, { hang: true })
  const endless = await startModel(t, { text: 'Well', hang: true })
  const silence = await prepare(t).ask([{ ...silent.settings, timeoutMs: 150 }])
  assert.match(reasonOf(silence), /said nothing within 0\.15 seconds, its timeoutMs\.$/)
  const outcome = await prepare(t).ask([{ ...endless.settings, timeoutMs: 1000 }])
  assert.match(reasonOf(outcome), /"tiny" of openai-compatible at 127\.0\.0\.1:\d+ did not finish its answer within 1 second, its timeoutMs\.$/)
  assert.deepEqual([outcome.text, outcome.ok || outcome.isAborted], ['Well', false])
  assert.equal(await endless.requests[0]!.closed, true)
})

test('a model with no base URL, a bad one, or an address that is not allowed is not called, and the reason says so', async (t) => {
  const { ask } = prepare(t, { allowPrivate: false })
  assert.match(reasonOf(await ask([settings])), /may not be called\. No base URL is set/)
  assert.match(reasonOf(await ask([{ ...settings, baseUrl: 'localhost' }])), /is no URL/)
  for (const baseUrl of ['https://localhost/v1', 'http://localhost/v1', 'https://127.0.0.1/v1']) {
    assert.match(reasonOf(await ask([{ ...settings, baseUrl }])), /set HILO_ALLOW_PRIVATE_TARGETS=true/)
  }
})

test('without a key none is sent, whatever the environment holds', async (t) => {
  const names = ['OPENAI_API_KEY', 'OPENAI_BASE_URL', 'ANTHROPIC_API_KEY']
  const before = names.map((name) => process.env[name])
  t.after(() => names.forEach((name, index) => {
    if (before[index] === undefined) delete process.env[name]
    else process.env[name] = before[index]
  }))
  for (const name of names) process.env[name] = 'https://of-the-environment.example.com/'
  for (const provider of ['openai', 'openai-compatible', 'anthropic'] as const) {
    const model = await startModel(t, { status: 401 })
    const outcome = await prepare(t).ask([{ ...model.settings, provider, apiKey: undefined }])
    assert.match(reasonOf(outcome), /it asks for an API key \(401\)/)
    const { headers } = model.requests[0]!
    assert.deepEqual([headers.authorization, headers['x-api-key']], [undefined, undefined], provider)
  }
})
