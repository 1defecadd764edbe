import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { databases, skipWithout, startHilo } from '../test/start-hilo.ts'
import { describeError } from './request-log.ts'

/** A log that keeps its lines. */
function keepLines() {
  const lines: Record<string, unknown>[] = []
  const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>)
  return { lines, logStream: { write } }
}

for (const database of databases) {
  describe(database, skipWithout(database), () => {
    test('a request that failed is a line: who, what, how long, and which error', async (t) => {
      const { lines, logStream } = keepLines()
      const hilo = await startHilo(t, database, { logLevel: 'info', logStream })
      await hilo.request('GET', '/api/organization')
      await hilo.request('GET', '/api/agents/nobody?a=b', { headers: { 'x-request-id': 'run-7' } })
      const [line, ...others] = lines
      assert.deepEqual(others, [])
      const { time, pid, hostname, durationMs, apiKeyId, ...rest } = line!
      assert.ok(time && pid && hostname && typeof durationMs === 'number' && apiKeyId)
      assert.deepEqual(rest, {
        level: 30, requestId: 'run-7', method: 'GET', path: '/api/agents/:id', status: 404, code: 'NOT_FOUND',
        organizationId: hilo.organizationId, msg: 'request',
      })
    })

    test('at debug every request is a line', async (t) => {
      const { lines, logStream } = keepLines()
      const hilo = await startHilo(t, database, { logLevel: 'debug', logStream })
      await hilo.request('GET', '/api/organization')
      assert.deepEqual(lines.map(({ status, level }) => [status, level]), [[200, 20]])
    })

    test('even at trace there is never a key, a token, a header or what somebody said', async (t) => {
      const { lines, logStream } = keepLines()
      const hilo = await startHilo(t, database, { logLevel: 'trace', logStream })
      const words = 'Me duele la cabeza'
      const path = `/api/agents/${hilo.agentId}/query-agent`
      const person = { email: 'ana@example.com', phoneNumber: '+5491155550000' }
      await hilo.request('POST', path, { body: { query: words, contact: person, metadata: { note: words } } })
      await hilo.request('POST', path, { body: { query: words, channel: words } })
      await hilo.request('POST', path, { body: { query: words, channel: 'whatsapp', visitorId: words } })
      await hilo.request('POST', path, { rawBody: `{"query": "${words}` })
      await hilo.request('POST', path, { body: { query: words }, key: 'wrong-key-of-somebody' })
      await hilo.request('GET', `/api/contacts?search=${encodeURIComponent(words)}`)
      await hilo.request('GET', `/api/agents/${encodeURIComponent(words)}`)
      await hilo.request('GET', `/nothing/${encodeURIComponent(words)}?key=${hilo.key}`)
      const { body: { key } } = await hilo.request('POST', '/api/api-keys', { body: { name: 'x', scopes: ['admin'] } })
      const log = JSON.stringify(lines)
      assert.ok(lines.length >= 9)
      for (const secret of [hilo.key, key, 'wrong-key', 'duele', 'ana@example', '1155550000', 'uthorization', 'earer']) {
        assert.ok(!log.includes(secret), secret)
      }
    })
  })
}

test('an error is logged without the rows, queries and parameters that database drivers hang on it', () => {
  const driverError = Object.assign(new Error('value too long'), {
    code: '22001', table: 'messages', detail: 'Failing row contains (secret).', where: 'secret', query: 'secret',
    parameters: ['secret'], params: ['secret'],
  })
  const described = describeError(new Error('outer', { cause: driverError }))
  assert.doesNotMatch(JSON.stringify(described), /secret/)
  const { message, code, table, stack } = described.cause as Record<string, string>
  assert.deepEqual([message, code, table], ['value too long', '22001', 'messages'])
  assert.match(stack!, /request-log\.test/)
  assert.doesNotMatch(JSON.stringify(describeError('secret')), /secret/)
})
