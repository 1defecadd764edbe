import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

const defaults = {
  model: null, fallbackModel: null, historyLimit: 24, historyTokens: 16_000, burstWindowMs: 0, burstMaxWaitMs: 30_000,
  takeover: { policy: 'until_handed_back', minutes: null }, onModelFailure: 'error', dailySpendLimit: null, tools: [],
  conversationalMode: { isEnabled: false, webhookUrl: null, splitsAnswers: false },
}

const model = {
  provider: 'openai', name: 'gpt-4o', baseUrl: null, hasApiKey: false, temperature: null, maxTokens: null, topP: null,
  presencePenalty: null, frequencyPenalty: null, acceptsImages: true, acceptsTools: true, timeoutMs: 60_000,
}

const parameters = { type: 'object', properties: { number: { type: 'string' } }, required: ['number'] }
const tool = { name: 'find_order', description: 'Finds an order.', url: 'https://shop.example.com/o/{number}', parameters }

const all = {
  model: {
    provider: 'openai-compatible', name: 'llama3', baseUrl: 'https://llm.example.com/v1', temperature: 0.5, maxTokens: 800,
    topP: 0.9, presencePenalty: -2, frequencyPenalty: 2, acceptsImages: true, acceptsTools: false,
    timeoutMs: 1000,
  },
  fallbackModel: { ...model, provider: 'anthropic', name: 'claude', acceptsImages: false },
  historyLimit: 200, historyTokens: 500, burstWindowMs: 60_000, burstMaxWaitMs: 0,
  takeover: { policy: 'minutes', minutes: 100_000 }, onModelFailure: 'request_human', dailySpendLimit: 2.5,
  tools: [
    { ...tool, method: 'GET', headers: {}, timeoutMs: 1000, requiresApproval: true },
    { ...tool, name: 'T-2', method: 'DELETE', headers: {}, timeoutMs: 120_000, requiresApproval: false },
  ],
  conversationalMode: { isEnabled: true, webhookUrl: 'https://flows.example.com/hook', splitsAnswers: true },
}

const free = { input: 0, output: 0 }
const priced = { modelPrices: { 'llama3': free, 'claude': free, 'gpt-4o': free } }

function pickSettings(agent: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(agent).filter(([name]) => name in defaults))
}

async function start(...parameters: Parameters<typeof startHilo>) {
  const hilo = await startHilo(...parameters)
  const path = `/api/agents/${hilo.agentId}`
  const change = async (body: object) => {
    const answer = await hilo.request('PATCH', path, { body })
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    return answer.body
  }
  const read = async () => pickSettings((await hilo.request('GET', path)).body)
  return { hilo, path, change, read }
}

type Refusal = [body: object, field: string, says?: RegExp]

async function assertRefusals(hilo: Hilo, cases: readonly Refusal[]): Promise<void> {
  for (const [body, field, says = /./] of cases) {
    for (const [method, path] of [['PATCH', `/api/agents/${hilo.agentId}`], ['POST', '/api/agents']] as const) {
      const answer = await hilo.request(method, path, { body: { name: 'x', ...body } })
      assert.deepEqual(
        [answer.status, answer.body.code, answer.body.field], [400, 'INVALID_REQUEST', field],
        JSON.stringify([body, answer.body]).slice(0, 1000),
      )
      assert.match(answer.body.error, says)
    }
  }
}

for (const database of databases) {
  describe(`settings of agents on ${database}`, skipWithout(database), () => {
    test('every answer shows the whole settings; what was not said is the default', async (t) => {
      const { hilo, change, read } = await start(t, database, priced)
      const { body: bare } = await hilo.request('POST', '/api/agents', { body: { name: 'x' } })
      assert.deepEqual(pickSettings(bare), defaults)
      const { body: created } = await hilo.request('POST', '/api/agents', { body: { name: 'x', ...all } })
      const shown = { ...all, model: { ...all.model, hasApiKey: false } }
      assert.deepEqual(pickSettings(created), shown)
      assert.deepEqual((await hilo.request('GET', `/api/agents/${created.id}`)).body, created)
      assert.deepEqual((await hilo.request('GET', '/api/agents')).body.items[0], created)

      assert.deepEqual(await read(), defaults)
      assert.deepEqual(pickSettings(await change(all)), shown)
      assert.deepEqual(await read(), shown)
      const sameAgain = await change(await read())
      assert.deepEqual(pickSettings(sameAgain), shown)
    })

    test('defaults are filled in inside of models and tools, by provider', async (t) => {
      const { change } = await start(t, database)
      const { fallbackModel, tools } = await change({
        fallbackModel: { provider: 'openai-compatible', name: 'llama3', baseUrl: 'https://llm.example.com', topP: null },
        tools: [{ name: 'now', description: 'Tells the time.', url: 'https://time.example.com' }],
      })
      assert.deepEqual(fallbackModel, {
        ...model, provider: 'openai-compatible', name: 'llama3', baseUrl: 'https://llm.example.com', acceptsImages: false,
      })
      assert.deepEqual(tools, [{
        name: 'now', description: 'Tells the time.', url: 'https://time.example.com', method: 'POST', headers: {},
        parameters: { type: 'object', properties: {} }, timeoutMs: 15_000, requiresApproval: false,
      }])
      for (const provider of ['openai', 'anthropic']) {
        const changed = await change({ model: { provider, name: 'm' } })
        assert.deepEqual(changed.model, { ...model, provider, name: 'm' })
      }
    })

    test('what is absent stays, an object is replaced as a whole, null brings back the default', async (t) => {
      const { change, read } = await start(t, database, priced)
      await change(all)
      const before = await read()
      await change({ name: 'Other' })
      assert.deepEqual(await read(), before)
      await change({ model: { provider: 'openai', name: 'gpt-4o' }, takeover: { policy: 'never' }, historyLimit: 1 })
      assert.deepEqual(await read(), {
        ...before, model, takeover: { policy: 'never', minutes: null }, historyLimit: 1,
      })
      await change({ conversationalMode: { isEnabled: true }, tools: [] })
      const { conversationalMode, tools } = await read()
      assert.deepEqual(conversationalMode, { isEnabled: true, webhookUrl: null, splitsAnswers: false })
      assert.deepEqual(tools, [])
      await change(Object.fromEntries(Object.keys(defaults).map((name) => [name, null])))
      assert.deepEqual(await read(), defaults)
    })

    test('changes of different settings at the same time are all kept', async (t) => {
      const { change, read } = await start(t, database)
      const changes = { historyLimit: 5, historyTokens: 600, burstWindowMs: 7, burstMaxWaitMs: 8, dailySpendLimit: 0 }
      await Promise.all(Object.entries(changes).map(([name, value]) => change({ [name]: value })))
      assert.deepEqual(await read(), { ...defaults, ...changes })
    })

    test('a daily limit is refused where a model has no price, and so is such a model where there is a limit', async (t) => {
      const { hilo, path, change, read } = await start(t, database, priced)
      const named = (name: string) => ({ provider: 'openai', name })
      const says = /would never be reached: the model "constructor" has no price/
      const refused: Refusal[] = [
        { dailySpendLimit: 5, model: named('constructor') }, { dailySpendLimit: 5, fallbackModel: named('constructor') },
      ].map((body) => [body, 'dailySpendLimit', says])
      await assertRefusals(hilo, refused)
      const refuse = async (body: object) => {
        const answer = await hilo.request('PATCH', path, { body })
        assert.deepEqual([answer.status, answer.body.field], [400, 'dailySpendLimit'])
        return answer.body
      }
      await change({ model: named('constructor') })
      const { hint } = await refuse({ dailySpendLimit: 5 })
      assert.match(hint, /^Start Hilo with HILO_MODEL_PRICES='\{"constructor":\{.*, or set dailySpendLimit to null\.$/)
      await change({ dailySpendLimit: 5, model: named('gpt-4o') })
      await refuse({ fallbackModel: named('constructor') })
      await refuse({ model: named('constructor') })
      await change({ dailySpendLimit: null, model: named('constructor') })
      assert.deepEqual((await read()).dailySpendLimit, null)
    })

    test('what is out of range, or of another kind, is refused and named', async (t) => {
      const { hilo, read } = await start(t, database)
      const m = { provider: 'openai', name: 'm' }
      const inModel = (fields: object) => ({ model: { ...m, ...fields } })
      await assertRefusals(hilo, [
        [{ model: 'gpt-4o' }, 'model'], [{ model: {} }, 'model.provider'], [{ model: { provider: 'openai' } }, 'model.name'],
        [inModel({ provider: 'azure' }), 'model.provider', /openai-compatible/], [inModel({ name: '' }), 'model.name'],
        [inModel({ name: '{{ $json.model }}' }), 'model.name', /not filled in/],
        [inModel({ name: 'undefined' }), 'model.name'], [inModel({ temperature: 1.1 }), 'model.temperature'],
        [inModel({ temperature: '0.5' }), 'model.temperature'], [inModel({ temperature: -0.1 }), 'model.temperature'],
        [inModel({ maxTokens: 0 }), 'model.maxTokens'], [inModel({ maxTokens: 1.5 }), 'model.maxTokens'],
        [inModel({ topP: 2 }), 'model.topP'], [inModel({ presencePenalty: 2.1 }), 'model.presencePenalty'],
        [inModel({ frequencyPenalty: -3 }), 'model.frequencyPenalty'], [inModel({ acceptsImages: 1 }), 'model.acceptsImages'],
        [inModel({ acceptsTools: 'no' }), 'model.acceptsTools'],
        [inModel({ timeoutMs: 999 }), 'model.timeoutMs'], [inModel({ timeoutMs: 600_001 }), 'model.timeoutMs'],
        [{ fallbackModel: { ...m, provider: 'openai-compatible' } }, 'fallbackModel.baseUrl', /needed/],
        [{ historyLimit: 0 }, 'historyLimit'], [{ historyLimit: 201 }, 'historyLimit'], [{ historyTokens: 499 }, 'historyTokens'],
        [{ burstWindowMs: 60_001 }, 'burstWindowMs'], [{ burstMaxWaitMs: -1 }, 'burstMaxWaitMs'],
        [{ takeover: 'never' }, 'takeover'], [{ takeover: { policy: 'always' } }, 'takeover.policy'],
        [{ takeover: { policy: 'minutes' } }, 'takeover.minutes'],
        [{ takeover: { policy: 'minutes', minutes: 0 } }, 'takeover.minutes'],
        [{ onModelFailure: 'ignore' }, 'onModelFailure'], [{ dailySpendLimit: -1 }, 'dailySpendLimit'],
        [{ conversationalMode: { webhookUrl: 'https://x.example.com' } }, 'conversationalMode.isEnabled'],
      ])
      assert.deepEqual(await read(), defaults)
    })

    test('tools that could not be called are refused', async (t) => {
      const { hilo, read } = await start(t, database)
      const inTool = (fields: object) => ({ tools: [{ ...tool, ...fields }] })
      await assertRefusals(hilo, [
        [{ tools: {} }, 'tools'], [{ tools: Array.from({ length: 33 }, (_, n) => ({ ...tool, name: `t${n}` })) }, 'tools'],
        [{ tools: [tool, tool] }, 'tools[1].name', /another tool/], [inTool({ name: 'request_human' }), 'tools[0].name'],
        [inTool({ name: 'mark_as_resolved' }), 'tools[0].name', /built in/], [inTool({ name: 'a b' }), 'tools[0].name'],
        [inTool({ name: 'x'.repeat(65) }), 'tools[0].name', /letters, digits/],
        [inTool({ description: '' }), 'tools[0].description'], [inTool({ method: 'HEAD' }), 'tools[0].method'],
        [inTool({ parameters: {} }), 'tools[0].parameters.type'], [inTool({ parameters: [] }), 'tools[0].parameters'],
        [inTool({ parameters: { type: 'object', properties: [] } }), 'tools[0].parameters.properties'],
        [inTool({ parameters: { ...parameters, properties: { a: 'text' } } }), 'tools[0].parameters.properties.a'],
        [inTool({ timeoutMs: 0 }), 'tools[0].timeoutMs'], [inTool({ headers: { a: 5 } }), 'tools[0].headers.a'],
        [inTool({ headers: { 'a b': 'x' } }), 'tools[0].headers.a b'], [inTool({ headers: { Host: 'x' } }), 'tools[0].headers.Host'],
        ...['X-Hilo-Contact-Id', 'x-hilo-conversation-id', 'X_Hilo_Agent_Id'].map((name): Refusal => (
          [inTool({ headers: { [name]: 'x' } }), `tools[0].headers.${name}`, /set by Hilo itself/]
        )),
        [inTool({ headers: { A: 'x', a: 'y' } }), 'tools[0].headers.a', /twice/],
        [inTool({ headers: { A: 'x\r\nb: c' } }), 'tools[0].headers.A', /line break/],
        [inTool({ headers: { A: null } }), 'tools[0].headers.A', /Send the value/],
        [inTool({ description: 'x'.repeat(4096), parameters: { ...parameters, x: 'x'.repeat(128 * 1024) } }), 'tools'],
      ])
      const schema = { type: 'object', properties: { a: {}, 'b.c-d': true } }
      const at = (url: string) => inTool({ url, parameters: schema })
      const field = 'tools[0].url'
      await assertRefusals(hilo, [
        ...[
          'https://{a}.example.com/', 'https://example.com{a}/', 'https://{a}', '{a}://example.com', 'https://example.com:{a}/',
          'https://{a}@example.com/', 'https://example.com/#{a}', 'https:{a}/x', 'https:\\\\{a}/',
          '{a}',
        ].map((url): Refusal => [at(url), field]),
        [at('https://example.com/{b}'), field, /"b"/], [at('https://example.com/{constructor}'), field],
        [at('https://example.com/{{a}}'), field, /brace/], [at('https://example.com/{a'), field],
        [at('https://example.com/{ $json.a }'), field],
      ])
      assert.deepEqual(await read(), defaults)
      const good = await hilo.request('PATCH', `/api/agents/${hilo.agentId}`, {
        body: at('https://example.com/x/{a}/{b.c-d}?y={a}&z'),
      })
      assert.equal(good.status, 200)
    })

    test('addresses that a stranger must not have called are refused, unless private targets are allowed', async (t) => {
      const { hilo } = await start(t, database)
      const bodies = (url: string): Refusal[] => [
        [{ model: { provider: 'openai', name: 'm', baseUrl: url } }, 'model.baseUrl'],
        [{ fallbackModel: { provider: 'anthropic', name: 'm', baseUrl: url } }, 'fallbackModel.baseUrl'],
        [{ tools: [{ ...tool, url }] }, 'tools[0].url'],
        [{ conversationalMode: { isEnabled: true, webhookUrl: url } }, 'conversationalMode.webhookUrl'],
      ]
      const own = ['http://localhost:11434/v1', 'http://192.168.1.2/', 'https://10.0.0.1/', 'http://example.com/']
      const never = ['undefined', 'file:///etc/passwd', 'https://user:pass@example.com/', '/v1']
      await assertRefusals(hilo, [...own, ...never].flatMap(bodies))
      const open = await startHilo(t, database, { allowPrivateTargets: true })
      await assertRefusals(open, never.flatMap(bodies))
      for (const [body] of own.flatMap(bodies)) {
        const { status } = await open.request('PATCH', `/api/agents/${open.agentId}`, { body })
        assert.equal(status, 200, JSON.stringify(body))
      }
    })

    test('another organization finds no agent; a key without admin may not change one', async (t) => {
      const { hilo, path, read } = await start(t, database, priced)
      const neighbour = await hilo.createNeighbour()
      const reader = await hilo.createKey(['history:read', 'messages:write'])
      assert.equal((await neighbour.request('PATCH', path, { body: all })).status, 404)
      assert.equal((await hilo.request('PATCH', path, { body: all, key: reader })).status, 403)
      assert.deepEqual(await read(), defaults)
    })
  })
}
