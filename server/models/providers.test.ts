import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { LLMock } from '@copilotkit/aimock'
import { createGuardedClient } from '../guarded-client/guarded-fetch.ts'
import { startServer } from '../test/start-server.ts'
import { createAskModel } from './ask-model.ts'
import type { ModelRequest, ModelSettings, ModelTool } from './model-call.ts'

const providers = ['openai', 'openai-compatible', 'anthropic'] as const
type Provider = (typeof providers)[number]

const key = 'sk-secret-of-the-test'

async function prepare(t: TestContext, provider: Provider) {
  const mock = new LLMock({ port: 0, host: '127.0.0.1', chunkSize: 3 })
  await mock.start()
  const client = createGuardedClient({ allowPrivate: true })
  t.after(() => Promise.all([client.close(), mock.stop()]))
  const settings: ModelSettings = {
    provider, name: provider === 'anthropic' ? 'claude-sonnet-4-5' : 'gpt-4o', baseUrl: `${mock.url}/v1`, apiKey: key,
    temperature: 0.5, maxTokens: 100, acceptsImages: true, acceptsTools: true, timeoutMs: 60_000,
  }
  const prices = { [settings.name]: { input: 3, output: 15 } }
  const ask = createAskModel({ fetch: client.fetch, prices, retryDelayMs: 1 })
  const pieces: string[] = []
  return {
    mock, settings, pieces,
    ask: (more: Partial<ModelRequest> = {}) => ask({
      models: [settings], instructions: 'Be kind.', messages: [{ role: 'user', text: 'Hi' }], tools: [], ...more,
    }, { signal: new AbortController().signal, onText: (piece) => pieces.push(piece) }),
  }
}

const usageOf = (provider: Provider, input: number, output: number) => (provider === 'anthropic'
  ? { input_tokens: input, output_tokens: output }
  : { prompt_tokens: input, completion_tokens: output, total_tokens: input + output })

for (const provider of providers) {
  test(`${provider}: an answer comes in pieces that cut no character, with usage and cost`, async (t) => {
    const { mock, ask, pieces, settings } = await prepare(t, provider)
    const content = 'Hola 👋🏽, ¿qué tal? 😀😀😀'
    mock.onMessage('Hi', { content, usage: usageOf(provider, 1000, 200) })
    assert.deepEqual(await ask(), {
      ok: true, model: settings.name, text: content, toolCalls: [],
      usage: { promptTokens: 1000, completionTokens: 200, totalTokens: 1200, cost: 0.006 },
    })
    assert.ok(pieces.length > 2)
    assert.ok(pieces.every((piece) => piece.isWellFormed()))
    assert.equal(pieces.join(''), content)
    const { body, headers } = mock.getLastRequest()!
    assert.ok(JSON.stringify(body).includes('Be kind.'))
    const sent = JSON.stringify(headers)
    assert.ok(!sent.includes('x-hilo-'), 'what is for ourselves is not sent')
    assert.ok(provider === 'anthropic' ? sent.includes('"x-api-key"') : sent.includes('"authorization"'))
  })

  test(`${provider}: a tool that the model asks for is run, and the answer follows from what it said`, async (t) => {
    const { mock, ask } = await prepare(t, provider)
    mock.on({ userMessage: 'Where', hasToolResult: false }, {
      toolCalls: [{ name: 'look_up', arguments: '{"id":"7"}' }], usage: usageOf(provider, 10, 5),
    })
    mock.on({ toolResultContains: 'Order 7 is on its way' }, { content: 'On its way!', usage: usageOf(provider, 20, 5) })
    const tool: ModelTool = {
      name: 'look_up', description: 'Finds an order.', parameters: { type: 'object', properties: { id: { type: 'string' } } },
      run: async ({ id }) => `Order ${String(id)} is on its way`,
    }
    const outcome = await ask({ messages: [{ role: 'user', text: 'Where is it?' }], tools: [tool] })
    const { text, toolCalls, usage } = outcome
    assert.deepEqual([outcome.ok, text, toolCalls], [true, 'On its way!', [{ name: 'look_up', arguments: { id: '7' } }]])
    assert.deepEqual([usage.promptTokens, usage.completionTokens], [30, 10])
  })

  test(`${provider}: an image is shown to a model that takes images`, async (t) => {
    const bodies: string[] = []
    const { url } = await startServer(t, (request, response) => { // the counterpart leaves images out of what it logs
      request.setEncoding('utf8').on('data', (piece: string) => bodies.push(piece)).on('end', () => response.writeHead(400).end())
    })
    const { ask, settings } = await prepare(t, provider)
    const images = [{ data: Uint8Array.from([137, 80, 78, 71]), mimeType: 'image/png' }]
    const messages = [{ role: 'user' as const, text: 'What is it?', images }]
    for (const acceptsImages of [true, false]) {
      bodies.length = 0
      await ask({ messages, models: [{ ...settings, baseUrl: url, acceptsImages }] })
      assert.match(bodies.join(''), /What is it\?/)
      assert.equal(/iVBORw==/.test(bodies.join('')), acceptsImages)
    }
  })

  for (const [status, words] of [
    [401, /the API key is refused \(401\)\. Set a key/], [403, /the API key is refused \(403\)/],
    [404, /does not exist there \(404\): no luck with \*\*\*\. Check the name and the base URL\./],
    [400, /does not take the request \(400\): no luck with \*\*\*\.$/], [402, /no credit left \(402\)/],
  ] as const) {
    test(`${provider}: status ${status} fails at once, with a reason that names provider, model and cause`, async (t) => {
      const { mock, ask, settings } = await prepare(t, provider)
      mock.on({}, { error: { message: `no luck\nwith ${key}.`, type: 'x' }, status })
      const outcome = await ask()
      assert.ok(!outcome.ok)
      assert.match(outcome.reason, words)
      assert.ok(!outcome.reason.includes(key))
      assert.ok(outcome.reason.startsWith(`The model "${settings.name}" of ${provider} at 127.0.0.1:`), outcome.reason)
      assert.deepEqual([outcome.isAborted, outcome.text, mock.getRequests().length], [false, '', 1])
    })
  }

  for (const status of [429, 500, 503, 529]) {
    test(`${provider}: after status ${status} the model is asked again, and after three times given up`, async (t) => {
      const { mock, ask } = await prepare(t, provider)
      const error = { error: { message: 'busy', type: 'x' }, status, retryAfter: 0 }
      mock.on({ sequenceIndex: 0 }, error).on({ sequenceIndex: 1 }, error).on({ sequenceIndex: 2 }, { content: 'Hello.' })
      assert.equal((await ask()).text, 'Hello.')
      assert.equal(mock.getRequests().length, 3)
      mock.reset()
      mock.on({}, error)
      const outcome = await ask()
      assert.match(outcome.ok ? '' : outcome.reason, status === 429 ? /asked too often \(429\)/ : /a failure of its own \(5\d\d\): busy\./)
      assert.equal(mock.getRequests().length, 3)
    })
  }

  test(`${provider}: a wait that is asked for and goes past the time is not begun, and is named`, async (t) => {
    const { mock, ask } = await prepare(t, provider)
    mock.on({}, { error: { message: 'busy' }, status: 429, retryAfter: 120 })
    const outcome = await ask()
    assert.match(outcome.ok ? '' : outcome.reason, /asked too often \(429\)\. The provider asks to wait 120 seconds\.$/)
    assert.equal(mock.getRequests().length, 1)
  })
}
