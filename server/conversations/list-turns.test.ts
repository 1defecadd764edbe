import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ask, readTurns, startAnswering } from '../test/answers.ts'
import { recordMessages } from '../test/record-messages.ts'
import { openPieces } from '../test/scripted-model.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

const path = '/api/conversations/crm-1'

/** Turns t1, t2…, each begun a second after the one before, but for the last two, which begin together. */
async function startWithTurns(t: Parameters<typeof startHilo>[0], database: Parameters<typeof startHilo>[1]) {
  const hilo = await startHilo(t, database)
  await recordMessages(hilo, [{ query: 'hello', conversationId: 'crm-1' }, { query: 'x', conversationId: 'crm-2' }])
  const { body: { id } } = await hilo.request('GET', path)
  await addTurns(hilo, id)
  return hilo
}

async function addTurns(hilo: Hilo, conversationId: string): Promise<void> {
  const row = {
    organization_id: hilo.organizationId, conversation_id: conversationId, agent_id: hilo.agentId, runner_id: 'r1',
    message_ids: ['m1', 'm2'], seen_seq: 2,
  }
  await hilo.asOwner((tx) => tx.insertInto('turns').values([
    {
      ...row, id: 't1', attempt: 2, seen_message_ids: ['m0', 'm1', 'm2'], model: 'gpt-4o', outcome: 'answered',
      prompt_tokens: 100, completion_tokens: 20, cost: 0.00125, answer_ids: ['a1', 'a2'], result: '{"answer":"hidden"}',
      tool_calls: JSON.stringify([{ name: 'find_order', arguments: { number: '4711' } }]),
      started_at: '2026-03-02T14:05:07.100Z', finished_at: '2026-03-02T14:05:09.350Z',
    },
    {
      ...row, id: 't2', attempt: 1, outcome: 'failed', error_code: 'MODEL_UNAVAILABLE', error_message: 'It is down.',
      started_at: '2026-03-02T14:05:08.100Z', finished_at: '2026-03-02T14:05:08.100Z',
    },
    {
      ...row, id: 't3', attempt: 1, outcome: 'ai_off',
      started_at: '2026-03-02T14:05:09.100Z', finished_at: '2026-03-02T14:05:09.101Z',
    },
    {
      ...row, id: 't4', attempt: 1, outcome: 'overtaken',
      started_at: '2026-03-02T14:05:09.100Z', finished_at: '2026-03-02T14:05:09.200Z',
    },
  ]).execute())
}

for (const database of databases) {
  describe(`turns on ${database}`, skipWithout(database), () => {
    test('every turn says what it answered, saw and used, and why the AI was silent', async (t) => {
      const hilo = await startWithTurns(t, database)
      const { status, body } = await hilo.request('GET', `${path}/turns`)
      assert.equal(status, 200)
      const nothing = {
        agentId: hilo.agentId, messageIds: ['m1', 'm2'], seenSeq: 2, seenMessageIds: [], attempt: 1, model: null,
        error: null, usage: { promptTokens: 0, completionTokens: 0, totalTokens: 0, cost: 0 }, toolCalls: [],
        answerIds: [],
      }
      assert.deepEqual(body, {
        items: [
          {
            ...nothing, id: 't4', outcome: 'overtaken', startedAt: '2026-03-02T14:05:09.100Z',
            finishedAt: '2026-03-02T14:05:09.200Z', durationMs: 100,
          },
          {
            ...nothing, id: 't3', outcome: 'ai_off', startedAt: '2026-03-02T14:05:09.100Z',
            finishedAt: '2026-03-02T14:05:09.101Z', durationMs: 1,
          },
          {
            ...nothing, id: 't2', outcome: 'failed', error: { code: 'MODEL_UNAVAILABLE', message: 'It is down.' },
            startedAt: '2026-03-02T14:05:08.100Z', finishedAt: '2026-03-02T14:05:08.100Z', durationMs: 0,
          },
          {
            ...nothing, id: 't1', attempt: 2, seenMessageIds: ['m0', 'm1', 'm2'], model: 'gpt-4o', outcome: 'answered',
            usage: { promptTokens: 100, completionTokens: 20, totalTokens: 120, cost: 0.00125 },
            toolCalls: [{ name: 'find_order', arguments: { number: '4711' } }], answerIds: ['a1', 'a2'],
            startedAt: '2026-03-02T14:05:07.100Z', finishedAt: '2026-03-02T14:05:09.350Z', durationMs: 2250,
          },
        ],
        nextCursor: null,
      })
      const { body: { id } } = await hilo.request('GET', path)
      assert.deepEqual((await hilo.request('GET', `/api/conversations/${id}/turns`)).body, body)
      assert.deepEqual((await hilo.request('GET', '/api/conversations/crm-2/turns')).body, { items: [], nextCursor: null })
    })

    test('one that runs is there already, without an end', async (t) => {
      const slow = openPieces()
      const { hilo, model } = await startAnswering(t, database, { script: () => slow })
      const asked = ask(hilo, { conversationId: 'crm-1' })
      await model.waitFor(1)
      const [turn] = await readTurns(hilo, 'crm-1')
      assert.deepEqual([turn.outcome, turn.finishedAt, turn.durationMs], [null, null, null])
      slow.end()
      await asked
      const [ended] = await readTurns(hilo, 'crm-1')
      assert.deepEqual([ended.id, typeof ended.finishedAt], [turn.id, 'string'])
    })

    test('they are read page by page, each once', async (t) => {
      const hilo = await startWithTurns(t, database)
      const ids: string[] = []
      let cursor = ''
      do {
        const { body } = await hilo.request('GET', `${path}/turns?limit=1&cursor=${cursor}`)
        assert.equal(body.items.length, 1)
        ids.push(body.items[0].id)
        cursor = body.nextCursor
      } while (cursor)
      assert.deepEqual(ids, ['t4', 't3', 't2', 't1'])
      const broken = await hilo.request('GET', `${path}/turns?cursor=broken`)
      assert.deepEqual([broken.status, broken.body.field], [400, 'cursor'])
    })

    test('another organization finds nothing; a key needs history:read; a token of the conversation will do', async (t) => {
      const hilo = await startWithTurns(t, database)
      const { body: { id } } = await hilo.request('GET', path)
      const writer = await hilo.createKey(['messages:write'])
      const { body: { token } } = await hilo.request('POST', '/api/tokens', { body: { conversationId: id } })
      const neighbour = await hilo.createNeighbour()
      for (const to of [`/api/conversations/${id}/turns`, `${path}/turns`]) {
        assert.equal((await neighbour.request('GET', to)).status, 404)
        assert.equal((await hilo.request('GET', to, { key: writer })).status, 403)
      }
      assert.equal((await hilo.request('GET', `/api/conversations/${id}/turns`, { key: token })).status, 200)
      assert.equal((await hilo.request('GET', '/api/conversations/crm-2/turns', { key: token })).status, 403)
    })
  })
}
