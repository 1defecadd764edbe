import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { runInNewContext } from 'node:vm'
import type { CreatedToken, Event } from '@hilo/contract'
import { EventSource } from 'eventsource'
import { readBlocks } from '../test/document.ts'
import { record } from '../test/query-agent.ts'
import { databases, type Hilo, skipWithout, startHilo, testSecret } from '../test/start-hilo.ts'
import { createTokenSigner } from './sign-token.ts'

const guide = 'docs/guides/live-updates-in-a-browser-page.md'
const codeOf = (mark: string) => readBlocks(guide).find((block) => block.mark === mark)!.text

async function createToken(hilo: Hilo, body: object = {}): Promise<string> {
  return (await hilo.request('POST', '/api/tokens', { body })).body.token
}

/** Opens a stream as it is asked for, and drops it at the end of the test. */
async function openStream(
  t: TestContext, hilo: Hilo, { token, query = '', ...headers }: { token: string, query?: string, origin?: string },
) {
  const leaving = new AbortController()
  t.after(() => leaving.abort())
  const answer = await fetch(`${hilo.url}/api/events/stream?token=${token}${query}`, { headers, signal: leaving.signal })
  return { status: answer.status, headers: answer.headers, read: () => answer.json() as Promise<{ error: string }> }
}

function expire(token: string): string {
  const signer = createTokenSigner(testSecret)
  return signer.sign({ ...signer.read(token)!, expiresAt: Date.now() })
}

type Follow = (onEvent: (event: Event) => void, after?: number) => Promise<EventSource>

/** The guide's page on the guide's server; `change` is what the server makes of each token. */
function openPage(t: TestContext, hilo: Hilo, { conversationId, change = (token: string) => token }: {
  conversationId: string, change?: (token: string, count: number) => string,
}): Follow {
  const sources: EventSource[] = []
  t.after(() => sources.forEach((source) => source.close()))
  class Source extends EventSource {
    constructor(url: string) {
      super(url)
      sources.push(this)
    }
  }
  const process = { env: { HILO_URL: hilo.url, HILO_API_KEY: hilo.key } }
  const makeToken = runInNewContext(`${codeOf('node make-token')}; makeToken`, { process, fetch }) as
    (conversationId: string) => Promise<CreatedToken>
  let count = 0
  const fetchFromPage = async (url: string, options?: RequestInit) => {
    if (url !== '/hilo-token') return fetch(url, options)
    const made = await makeToken(conversationId)
    return Response.json({ ...made, token: change(made.token, ++count) })
  }
  const code = codeOf('page follow').replace('https://hilo.example.com', hilo.url)
  const setTimeout = (work: () => void) => setImmediate(work)
  return runInNewContext(`${code}; follow`, { fetch: fetchFromPage, EventSource: Source, setTimeout }) as Follow
}

for (const database of databases) {
  describe(`tokens in a page on ${database}`, skipWithout(database), () => {
    test('the page of the guide shows a conversation and what happens in it, and nothing of others', async (t) => {
      const hilo = await startHilo(t, database)
      await record(hilo, { conversationId: 'mine', query: 'one' })
      const seen: string[] = []
      const done = Promise.withResolvers<void>()
      await openPage(t, hilo, { conversationId: 'mine' })((event) => {
        const { data } = event as unknown as { data: { messages?: { text: string }[], message?: { text: string } } }
        seen.push(data.messages ? data.messages.map(({ text }) => text).join() : data.message!.text)
        if (seen.length === 3) done.resolve()
      })
      await record(hilo, { conversationId: 'other', query: 'not mine' })
      await record(hilo, { conversationId: 'mine', query: 'two' })
      await record(hilo, { conversationId: 'mine', query: 'three' })
      await done.promise
      assert.deepEqual(seen, ['one', 'two', 'three'])
    })

    test('the page takes a new token where the old one has ended, and goes on where it was', async (t) => {
      const hilo = await startHilo(t, database)
      await record(hilo, { conversationId: 'mine', query: 'one' })
      const done = Promise.withResolvers<Event>()
      const change = (token: string, count: number) => (count < 3 ? expire(token) : token)
      await openPage(t, hilo, { conversationId: 'mine', change })(done.resolve, 1)
      assert.equal((await done.promise).type, 'message.created')
    })

    test('a bound token reads the events of its conversation only, whatever it asks for', async (t) => {
      const hilo = await startHilo(t, database)
      const { conversationId: mine } = await record(hilo, { conversationId: 'mine' })
      const { conversationId: other } = await record(hilo, { conversationId: 'other' })
      const key = await createToken(hilo, { conversationId: mine })
      for (const query of ['', `?conversationId=${mine}`]) {
        const { body } = await hilo.request('GET', `/api/events${query}`, { key })
        assert.deepEqual(body.items.map(({ data }: Event) => 'conversationId' in data && data.conversationId), [mine, mine])
      }
      for (const query of [other, 'mine', '', `${mine}&conversationId=${other}`, `${other}&conversationId=${mine}`]) {
        for (const path of ['/api/events', '/api/events/stream']) {
          const answer = await hilo.request('GET', `${path}?conversationId=${query}`, { key })
          assert.deepEqual([answer.status, answer.body.field], [403, 'conversationId'], `${path} ${query}`)
        }
      }
    })

    test('only the stream takes a token in the query string, and never an API key', async (t) => {
      const hilo = await startHilo(t, database)
      const { conversationId } = await record(hilo, {})
      for (const token of [await createToken(hilo), await createToken(hilo, { conversationId })]) {
        assert.equal((await openStream(t, hilo, { token })).status, 200)
        for (const bad of [`${token}x`, expire(token), '', `${token}&token=${token}`]) {
          assert.equal((await openStream(t, hilo, { token: bad })).status, 401, bad)
        }
        assert.equal((await hilo.request('GET', `/api/events?token=${token}`, { key: null })).status, 401)
      }
      const withKey = await openStream(t, hilo, { token: hilo.key })
      assert.equal(withKey.status, 401)
      assert.match((await withKey.read()).error, /An API key never belongs in a URL: if this is one, revoke it/)
    })

    test('a page of an origin that is allowed may read the stream', async (t) => {
      const origin = 'https://app.example.com'
      const hilo = await startHilo(t, database, { corsOrigins: [origin] })
      const { status, headers } = await openStream(t, hilo, { token: await createToken(hilo), origin })
      assert.deepEqual([status, headers.get('access-control-allow-origin')], [200, origin])
    })

    test('the log never shows a token', async (t) => {
      const lines: string[] = []
      const logStream = { write: (line: string) => void lines.push(line) }
      const hilo = await startHilo(t, database, { logLevel: 'trace', logStream })
      const token = await createToken(hilo)
      await openStream(t, hilo, { token })
      await openStream(t, hilo, { token: `${token}x` })
      await openStream(t, hilo, { token, query: '&after=x' })
      await openStream(t, hilo, { token, query: '&conversationId=nothing' })
      await hilo.request('GET', `/api/events?token=${token}`, { key: null })
      await hilo.request('GET', `/nothing?token=${token}`)
      assert.ok(lines.length >= 5)
      assert.ok(!lines.join('').includes(token.slice(0, 30)))
    })
  })
}
