// Alone: it replaces setInterval.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { fetchEventSource } from '@microsoft/fetch-event-source'
import { EventSource } from 'eventsource'
import { readTurns, setModel } from '../test/answers.ts'
import { inPage } from '../test/in-page.ts'
import { openPieces, startScriptedModel } from '../test/scripted-model.ts'
import { databases, type Hilo, skipWithout, startHiloWith } from '../test/start-hilo.ts'
import { until } from '../test/webhooks.ts'

const settings = { allowPrivateTargets: true }

type Heard = [event: string, data: string]
type Fetch = (url: string | URL | Request, init?: RequestInit) => Promise<Response>

/** Clients that read an answer to its end, by a `fetch` that asks for it. What they heard of it. */
const clients: Record<string, (fetch: Fetch) => Promise<Heard[]>> = {
  'eventsource': async (fetch) => {
    const heard: Heard[] = []
    const source = new EventSource('http://localhost', { fetch })
    await new Promise<void>((resolve, reject) => {
      const hear = ({ type, data }: MessageEvent) => {
        heard.push([type === 'message' ? '' : type, String(data)])
        if (data === '[DONE]') resolve()
      }
      for (const type of ['message', 'answer', 'endpoint_response']) source.addEventListener(type, hear)
      source.addEventListener('error', () => reject(new Error('The stream broke off.')))
    }).finally(() => source.close())
    return heard
  },
  '@microsoft/fetch-event-source': async (fetch) => {
    const heard: Heard[] = []
    await inPage(() => fetchEventSource('http://localhost', {
      fetch, openWhenHidden: true, onopen: async () => {},
      onmessage: ({ event, data }) => void heard.push([event, data]),
      onerror: (error) => {
        throw error
      },
    }))
    return heard.filter(([event, data]) => event !== '' || data !== '') // what it makes of the blank line after a comment
  },
}

/** Asks for a stream, and keeps what came as it was. */
function fetchAnswer({ url, agentId, key }: Hilo) {
  const said = { text: '' }
  const { promise: hasComment, resolve: tell } = Promise.withResolvers<void>()
  const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const piece of stream.pipeThrough(new TextDecoderStream())) {
      said.text += piece
      if (/^:/m.test(said.text)) tell()
    }
  }
  const fetchIt: Fetch = async (_, init) => {
    const response = await fetch(`${url}/api/agents/${agentId}/query`, {
      method: 'POST', signal: init?.signal, body: JSON.stringify({ query: 'Hola', streaming: true }),
      headers: { 'content-type': 'application/json', 'authorization': `Bearer ${key}` },
    })
    const [one, other] = response.body!.tee()
    read(one).catch(() => {}) // the client closes it when it has all
    return new Response(other, response)
  }
  return { said, hasComment, fetch: fetchIt }
}

/** Questions on one connection, the later ones before the earlier ones are answered; everything that comes back. */
async function pipeline({ url, agentId, key }: Hilo, conversationIds: readonly string[]) {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  for (const conversationId of conversationIds) {
    const body = JSON.stringify({ query: conversationId, conversationId, streaming: true })
    socket.write(`POST /api/agents/${agentId}/query HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${key}\r\n`
      + `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  }
  let text = ''
  const isWhole = Promise.withResolvers<string>()
  socket.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
    if (text.split('[DONE]').length > conversationIds.length) isWhole.resolve(text)
  })
  return { text: isWhole.promise.finally(() => socket.destroy()) }
}

for (const database of databases) {
  describe(`silence in streams of answers on ${database}`, skipWithout(database), () => {
    for (const [name, listen] of Object.entries(clients)) {
      test(`every 15 seconds a comment says that the model still thinks, which ${name} passes over`, async (t) => {
        const hilo = await startHiloWith(database, settings)
        const slow = openPieces()
        const model = await startScriptedModel(t, () => slow)
        await setModel(hilo, model.baseUrl)
        const { said, hasComment, fetch } = fetchAnswer(hilo)
        t.mock.timers.enable({ apis: ['setInterval'] })
        const listening = listen(fetch)
        await model.waitFor(1)
        t.mock.timers.tick(15_000)
        await hasComment
        slow.say('Hi.')
        slow.end()
        const heard = await listening
        assert.deepEqual(heard.map(([event, data]) => [event, data.slice(0, 6)]), [
          ['answer', 'Hi.'], ['endpoint_response', '{"answ'], ['', '[DONE]'],
        ])
        assert.deepEqual(said.text.match(/^:.*\n\n/gm), [': still here\n\n'])
        t.mock.timers.tick(15_000) // nothing is written to a stream that has ended
      })
    }

    test('an answer that is whole, but waits behind a slow one on its connection, is left as it is', async (t) => {
      const hilo = await startHiloWith(database, settings)
      const slow = openPieces()
      const model = await startScriptedModel(t, ({ messages }) => (
        JSON.stringify(messages).includes('slow') ? slow : { text: 'Quick.' }
      ))
      await setModel(hilo, model.baseUrl)
      t.mock.timers.enable({ apis: ['setInterval'] })
      const asked = await pipeline(hilo, ['slow', 'quick'])
      await until(() => readTurns(hilo, 'quick').catch(() => []), ([turn]) => turn?.outcome === 'answered')
      for (let count = 0; count < 3; count++) t.mock.timers.tick(15_000)
      slow.say('Slow.')
      slow.end()
      const text = await asked.text
      assert.deepEqual(text.match(/data: (Slow|Quick)\./g), ['data: Slow.', 'data: Quick.'])
      assert.equal(text.slice(text.indexOf('Quick.')).includes('still here'), false)
    })
  })
}
