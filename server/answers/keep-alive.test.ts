// Alone: it replaces setInterval.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fetchEventSource } from '@microsoft/fetch-event-source'
import { EventSource } from 'eventsource'
import { setModel } from '../test/answers.ts'
import { inPage } from '../test/in-page.ts'
import { openPieces, startScriptedModel } from '../test/scripted-model.ts'
import { databases, type Hilo, skipWithout, startHiloWith } from '../test/start-hilo.ts'

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
  })
}
