import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertRefused, queryAgent, record } from '../test/query-agent.ts'
import { databases, skipWithout, startHilo } from '../test/start-hilo.ts'

/** The data of the only named frame; everything around it must be exactly as the API frames it. */
function readFrames(text: string): string {
  const framed = /^event: endpoint_response\ndata: ([^\n]*)\n\nevent: \ndata: \[DONE\]\n\n$/.exec(text)
  assert.ok(framed, JSON.stringify(text))
  return framed[1]!
}

const awkward = '100% café ñ 😀 %41 %zz %E4 %'

for (const database of databases) {
  describe(`streaming on ${database}`, skipWithout(database), () => {
    test('the answer is one endpoint_response with the four keys, then [DONE]', async (t) => {
      const hilo = await startHilo(t, database)
      const { status, headers, body } = await queryAgent(hilo, { streaming: true, visitorId: 'v1' })
      assert.equal(status, 200)
      assert.match(headers.get('content-type')!, /^text\/event-stream\b/)
      assert.equal(headers.get('cache-control'), 'no-cache, no-transform')
      const answer = JSON.parse(readFrames(body))
      assert.deepEqual(Object.keys(answer).sort(), ['conversationId', 'messageId', 'status', 'visitorId'])
      assert.equal(answer.visitorId, 'v1')
      assert.equal(answer.status, 'UNRESOLVED')
    })

    test('a client that percent-decodes the data and one that does not read the same', async (t) => {
      const hilo = await startHilo(t, database)
      for (const visitorId of [awkward, '%25', '"quoted"\\%22', 'a+b c&d=é', '%u0041\\u0025']) {
        const { body } = await queryAgent(hilo, { streaming: true, visitorId, query: awkward }, { query: '?explain=true' })
        const data = readFrames(body)
        const plain = JSON.parse(data)
        assert.deepEqual(JSON.parse(decodeURIComponent(data)), plain)
        assert.equal(plain.visitorId, visitorId)
        assert.equal(plain.resolution.conversation.created, true)
      }
    })

    test('a repeat streams the first answer again', async (t) => {
      const hilo = await startHilo(t, database)
      const said = { externalId: 'e1', conversationId: 'one' }
      const first = await record(hilo, said)
      const { body, headers } = await queryAgent(hilo, { ...said, streaming: true })
      assert.deepEqual(JSON.parse(readFrames(body)), first)
      assert.equal(headers.get('idempotent-replay'), 'true')
    })

    test('an error is answered as JSON with its own status, streaming or not', async (t) => {
      const hilo = await startHilo(t, database)
      const answer = await queryAgent(hilo, { streaming: true, query: '' })
      assertRefused(answer, { status: 400, code: 'INVALID_REQUEST', field: 'query' })
      assert.match(answer.headers.get('content-type')!, /^application\/json/)
    })
  })
}
