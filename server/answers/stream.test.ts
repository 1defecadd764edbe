import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type EventSourceMessage, fetchEventSource } from '@microsoft/fetch-event-source'
import { ask, readTurns, setModel } from '../test/answers.ts'
import { inPage } from '../test/in-page.ts'
import { readMessages } from '../test/rows.ts'
import { openPieces, startScriptedModel } from '../test/scripted-model.ts'
import { databases, type Hilo, skipWithout, startHiloWith } from '../test/start-hilo.ts'
import { until } from '../test/webhooks.ts'

const settings = { allowPrivateTargets: true }

interface Frame {
  event?: string
  data: string
}

/** The frames of a stream as they stand there: a `data:` line each, and whatever names it. */
function readFrames(text: string): Frame[] {
  return text.split('\n\n').filter((block) => block !== '' && !block.startsWith(':')).map((block) => {
    const event = /^event: (.*)$/m.exec(block)?.[1]
    return { ...(event === undefined ? {} : { event }), data: /^data: (.*)$/m.exec(block)![1]! }
  })
}

function openStream(hilo: Hilo, said: Record<string, unknown>, signal?: AbortSignal): Promise<Response> {
  return fetch(`${hilo.url}/api/agents/${hilo.agentId}/query`, {
    method: 'POST', signal,
    headers: { 'content-type': 'application/json', 'authorization': `Bearer ${hilo.key}` },
    body: JSON.stringify({ query: 'Hola', streaming: true, ...said }),
  })
}

const textOf = (frames: readonly Frame[], decode: (text: string) => string) => (
  frames.filter(({ event }) => event === 'answer').map(({ data }) => decode(data)).join('')
)

for (const database of databases) {
  describe(`streaming on ${database}`, skipWithout(database), () => {
    test('an answer comes in pieces, then whole, then the end; it reads the same percent-decoded or, but for %, as it is', async (t) => {
      const hilo = await startHiloWith(database, settings)
      const pieces = ['¡Ho', 'la! 100', '% \ud83d', '\ude00\nde', ' acuerdo %41', ' fin']
      const model = await startScriptedModel(t, () => ({ pieces, usage: { prompt_tokens: 3, completion_tokens: 2 } }))
      await setModel(hilo, model.baseUrl)
      const response = await openStream(hilo, { conversationId: 'c', visitorId: 'v%41' })
      assert.equal(response.status, 200)
      assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
      assert.equal(response.headers.get('cache-control'), 'no-cache, no-transform')
      const text = await response.text()
      assert.ok(text.endsWith('event: \ndata: [DONE]\n\n'), text)
      assert.ok(!text.includes('\ufffd'), 'no character is cut in two')
      const frames = readFrames(text)
      assert.equal(textOf(frames, decodeURIComponent), pieces.join(''))
      assert.ok(frames.filter(({ event }) => event === 'answer').length >= 4)
      const whole = frames.filter(({ event }) => event === 'endpoint_response')
      assert.equal(whole.length, 1)
      const answer = JSON.parse(whole[0]!.data)
      assert.deepEqual(JSON.parse(decodeURIComponent(whole[0]!.data)), answer)
      assert.deepEqual(Object.keys(answer).sort(), [
        'answer', 'approvals', 'conversationId', 'messageId', 'metadata', 'request_human', 'sources', 'status', 'usage',
        'visitorId',
      ])
      assert.deepEqual([answer.answer, answer.visitorId, answer.usage.totalTokens], [pieces.join(''), 'v%41', 5])
    })

    test('the headers come at once, and each piece as soon as the model says it', async (t) => {
      const hilo = await startHiloWith(database, settings)
      const slow = openPieces()
      const model = await startScriptedModel(t, () => slow)
      await setModel(hilo, model.baseUrl)
      const response = await openStream(hilo, {}) // resolves with the headers: the model has said nothing yet
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
      for (const piece of ['one', ' two']) {
        slow.say(piece)
        let text = ''
        while (!text.includes(`data: ${piece}\n\n`)) text += (await reader.read()).value
      }
      slow.end()
      while (!(await reader.read()).done) continue
    })

    test('the client that browsers use for streams of POST reads it', async (t) => {
      const hilo = await startHiloWith(database, settings)
      const model = await startScriptedModel(t, () => ({ pieces: ['Uno', ' y', ' dos 😀'] }))
      await setModel(hilo, model.baseUrl)
      const messages: EventSourceMessage[] = []
      await inPage(() => fetchEventSource(`${hilo.url}/api/agents/${hilo.agentId}/query`, {
        method: 'POST', openWhenHidden: true, fetch: globalThis.fetch,
        headers: { 'content-type': 'application/json', 'authorization': `Bearer ${hilo.key}` },
        body: JSON.stringify({ query: 'Hola', streaming: true }),
        onopen: async (response) => assert.equal(response.status, 200),
        onmessage: (message) => void messages.push(message),
        onerror: (error) => {
          throw error
        },
      }))
      const answer = messages.filter(({ event }) => event === 'answer').map(({ data }) => data).join('')
      assert.equal(answer, 'Uno y dos 😀')
      assert.deepEqual(messages.slice(-2).map(({ event, data }) => [event, data.slice(0, 6)]), [
        ['endpoint_response', '{"answ'], ['', '[DONE]'],
      ])
    })

    test('a call of a tool is told, with its name and arguments', async (t) => {
      const hilo = await startHiloWith(database, settings)
      const model = await startScriptedModel(t, (_, index) => (index === 0
        ? { toolCalls: [{ name: 'request_human', arguments: { reason: 'wants 100% off' } }] } : { text: 'Ana will help.' }))
      await setModel(hilo, model.baseUrl)
      const frames = readFrames(await (await openStream(hilo, {})).text())
      const call = { type: 'function', name: 'request_human', arguments: { reason: 'wants 100% off' } }
      assert.deepEqual(frames.filter(({ event }) => event === 'tool_call').map(({ data }) => JSON.parse(data)), [call])
      const answer = JSON.parse(frames.find(({ event }) => event === 'endpoint_response')!.data)
      assert.deepEqual([answer.answer, answer.request_human, answer.status], ['Ana will help.', true, 'HUMAN_REQUESTED'])
    })

    test('what is wrong with the request has a status of its own; what fails later is one line, without [DONE]', async (t) => {
      const hilo = await startHiloWith(database, settings)
      assert.equal((await openStream(hilo, { temperature: 2 })).status, 400)
      const without = await openStream(hilo, {})
      assert.equal(without.status, 200)
      assert.match(await without.text(), /^data: \[ERROR\]Agent "Test agent" has no model[^\n]*\n\n$/)
      const slow = openPieces()
      const model = await startScriptedModel(t, () => ({ ...slow, breakOff: true }))
      await setModel(hilo, model.baseUrl)
      const response = await openStream(hilo, {})
      slow.say('half')
      let text = ''
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk
        if (text.endsWith('data: half\n\n')) slow.end()
      }
      const frames = readFrames(text)
      assert.deepEqual(frames[0], { event: 'answer', data: 'half' })
      assert.match(frames.at(-1)!.data, /^\[ERROR\]./)
      assert.ok(frames.every(({ data }) => data !== '[DONE]'))
    })

    test('a client that goes away breaks the model off; what was said is kept as a draft, and never an answer', async (t) => {
      const hilo = await startHiloWith(database, settings)
      const slow = openPieces()
      const toolCalls = [{ name: 'mark_as_resolved', arguments: {} }]
      const model = await startScriptedModel(t, (_, index) => [{ toolCalls }, slow, { text: 'Whole.' }][index]!)
      await setModel(hilo, model.baseUrl)
      const leaving = new AbortController()
      const response = await openStream(hilo, { conversationId: 'c', externalId: 'e1' }, leaving.signal)
      const reader = response.body!.getReader()
      slow.say('Half an ans')
      for (let heard = ''; !heard.includes('Half');) heard += Buffer.from((await reader.read()).value).toString()
      leaving.abort()
      assert.equal(await model.requests[1]!.closed, true)
      const rows = await until(() => readMessages(hilo), ({ length }) => length === 2)
      assert.deepEqual([rows[1]!.author_kind, rows[1]!.text, rows[1]!.is_draft], ['ai', 'Half an ans', true])
      const [turn] = await readTurns(hilo, 'c')
      assert.deepEqual([turn.outcome, turn.answerIds], ['aborted', [rows[1]!.id]])
      assert.equal((await hilo.request('GET', '/api/conversations/c')).body.status, 'UNRESOLVED', 'nothing it decided is done')
      const again = await ask(hilo, { conversationId: 'c', externalId: 'e1' })
      assert.equal(again.answer, 'Whole.')
      assert.ok(!JSON.stringify(model.requests[2]!.messages).includes('Half'))
      assert.equal((await readMessages(hilo)).filter((row) => row.author_kind === 'contact').length, 1)
    })

    test('where the customer writes on, the stream says that it begins again, and ends with the one answer', async (t) => {
      const hilo = await startHiloWith(database, settings)
      const slow = openPieces()
      const model = await startScriptedModel(t, (_, index) => (index === 0 ? slow : { text: 'To both.' }))
      await setModel(hilo, model.baseUrl)
      const response = await openStream(hilo, { conversationId: 'c' })
      await model.waitFor(1)
      slow.say('To the first.')
      const second = ask(hilo, { query: 'Two', conversationId: 'c' })
      await until(() => readMessages(hilo), ({ length }) => length === 2)
      slow.end()
      const frames = readFrames(await response.text())
      const events = frames.map(({ event }) => event)
      assert.deepEqual(events, ['answer', 'restart', 'answer', 'endpoint_response', ''])
      assert.equal(frames[2]!.data, 'To both.')
      assert.equal((await second).answer, 'To both.')
    })
  })
}
