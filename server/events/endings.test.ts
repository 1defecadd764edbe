import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { readConfig } from '../config.ts'
import { startServer } from '../start-server.ts'
import { openReader } from '../test/event-reader.ts'
import { record } from '../test/query-agent.ts'
import { openSlowReader, recordMuch, type SlowReader } from '../test/raw-stream.ts'
import { databases, type Hilo, skipWithout, startHilo, testSecret } from '../test/start-hilo.ts'
import type { DatabaseKind } from '../test/test-databases.ts'
import { mostTakenBytes } from './take-handful.ts'

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

/** A server that looks after its streams more often than others. */
async function startWatchful(t: TestContext, kind: DatabaseKind): Promise<Hilo> {
  const hilo = await startHilo(t, kind)
  const config = { ...readConfig({}), port: 0, logLevel: 'silent' as const, rateLimit: 0, secret: testSecret }
  const streamTimes = { checkMs: 20, mostBlockedMs: 100 }
  const { url, app, stop } = await startServer(config, { database: hilo.database, streamTimes })
  t.after(stop)
  return { ...hilo, url, app }
}

/** What HTTP writes around a piece of the stream, and what the stream begins with. */
const framingBytes = 256

for (const database of databases) {
  describe(`a stream of events on ${database} is ended by the server`, skipWithout(database), () => {
    test('when its API key is revoked or expires, and when its token expires', async (t) => {
      const hilo = await startWatchful(t, database)
      const { body: { token } } = await hilo.request('POST', '/api/tokens', { body: { expiresInSeconds: 3 } })
      const ofToken = await openReader(t, { url: hilo.url, key: token })
      const makeKey = async () => (
        (await hilo.request('POST', '/api/api-keys', { body: { name: 'x', scopes: ['history:read'] } })).body
      )
      const [revoked, expired] = [await makeKey(), await makeKey()]
      const ofRevoked = await openReader(t, { url: hilo.url, key: revoked.key })
      const ofExpired = await openReader(t, { url: hilo.url, key: expired.key })
      const untouched = await openReader(t, hilo)
      await hilo.request('DELETE', `/api/api-keys/${revoked.id}`)
      await hilo.asOwner((tx) => tx.updateTable('api_keys').set({ expires_at: new Date(0) }).where('id', '=', expired.id).execute())
      for (const reader of [ofRevoked, ofExpired, ofToken]) {
        await reader.until(({ endings }) => endings.length > 0)
        assert.deepEqual(reader.endings.map(({ code }) => code), ['UNAUTHORIZED'])
      }
      await record(hilo, {})
      await untouched.until(({ events }) => events.length > 0)
      assert.deepEqual(untouched.endings, [])
    })

    test('not while nothing happens: it shows its reader again and again that it is there', async (t) => {
      const hilo = await startWatchful(t, database)
      const leaving = new AbortController()
      t.after(() => leaving.abort())
      const { body } = await fetch(`${hilo.url}/api/events/stream`, {
        headers: { authorization: `Bearer ${hilo.key}` }, signal: leaving.signal,
      })
      let text = ''
      for await (const piece of body!.pipeThrough(new TextDecoderStream())) if ((text += piece).split('\n\n').length > 3) break
      assert.match(text, /^retry: \d+\n\n(: still here\n\n){2,}$/)
    })

    test('when its reader takes nothing for too long; it goes on where it was', async (t) => {
      const hilo = await startWatchful(t, database)
      const newest = await recordMuch(hilo)
      const slow = await openSlowReader(hilo, '?after=0')
      const { seqs, code, after: place } = await slow.ending
      assert.deepEqual([code, place], ['TOO_SLOW', seqs.length])
      assertCheap(slow)
      const rest = await openReader(t, hilo, `?after=${place}`)
      await rest.until(({ events }) => events.at(-1)?.seq === newest)
      assert.deepEqual([...seqs, ...rest.events.map(({ seq }) => seq)], upTo(newest))
    })

    test('when its reader took nothing while much was recorded', async (t) => {
      const hilo = await startWatchful(t, database)
      const slow = await openSlowReader(hilo, '')
      await recordMuch(hilo)
      assert.equal((await slow.ending).code, 'TOO_SLOW')
      assertCheap(slow)
    })
  })
}

/** A reader that reads nothing costs no more than what is handed over at once. */
function assertCheap(reader: SlowReader) {
  assert.ok(reader.mostWaiting() <= mostTakenBytes + framingBytes, `${reader.mostWaiting()} bytes waited`)
}
