import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { recordMessages } from '../test/record-messages.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

const path = '/api/conversations/crm-1'

async function startWithConversation(...parameters: Parameters<typeof startHilo>): Promise<Hilo> {
  const hilo = await startHilo(...parameters)
  await recordMessages(hilo, [{ query: 'hello', conversationId: 'crm-1' }])
  return hilo
}

/** What was changed since the first message, as the log tells it. */
async function readChanges(hilo: Hilo): Promise<object[]> {
  const rows = await hilo.asOwner((tx) => tx.selectFrom('events').select(['type', 'data', 'conversation_id'])
    .where('organization_id', '=', hilo.organizationId).where('type', 'not like', '%.created')
    .orderBy('seq').execute())
  const { id } = (await hilo.request('GET', path)).body
  for (const row of rows) assert.equal(row.conversation_id, id)
  return rows.map(({ type, data }) => ({ type, data }))
}

for (const database of databases) {
  describe(`changing a conversation on ${database}`, skipWithout(database), () => {
    test('metadata is merged key by key, null removes a key, and no other change wipes it', async (t) => {
      const hilo = await startWithConversation(t, database)
      const patch = async (body: object, to = path) => {
        const answer = await hilo.request('PATCH', to, { body })
        assert.equal(answer.status, 200, JSON.stringify(answer.body))
        const { messages, nextCursor, previousCursor, ...read } = (await hilo.request('GET', path)).body
        assert.ok(messages.length === 1 && nextCursor === null && previousCursor)
        assert.deepEqual(answer.body, read)
        return answer.body
      }
      const first = { a: 1, b: { c: [2] }, d: 'x' }
      assert.deepEqual((await patch({ metadata: first })).metadata, first)
      assert.deepEqual((await patch({ metadata: { a: null, b: { e: null }, constructor: 1 } })).metadata,
        { b: { e: null }, d: 'x', constructor: 1 })
      const resolved = await patch({ status: 'RESOLVED' })
      assert.deepEqual([resolved.status, resolved.metadata], ['RESOLVED', { b: { e: null }, d: 'x', constructor: 1 }])
      const quiet = await patch({ isAiEnabled: false })
      assert.deepEqual([quiet.isAiEnabled, quiet.status, quiet.metadata], [false, 'RESOLVED', resolved.metadata])
      const less = await patch({ metadata: { b: null, constructor: null } }, `${path}/metadata`)
      assert.deepEqual(less.metadata, { d: 'x' })
      await recordMessages(hilo, [{ query: 'again', conversationId: 'crm-1', metadata: { of: 'the message' } }])
      const { body } = await hilo.request('GET', path)
      assert.deepEqual([body.metadata, body.isAiEnabled, body.status], [{ d: 'x' }, false, 'RESOLVED'])
    })

    test('each change is an event; what is so already is none, and leaves updatedAt alone', async (t) => {
      const hilo = await startWithConversation(t, database)
      const before = (await hilo.request('GET', path)).body.updatedAt
      const noChanges = [
        {}, { status: 'UNRESOLVED' }, { isAiEnabled: true }, { metadata: {} }, { metadata: { x: null } },
      ]
      for (const body of noChanges) {
        const answer = await hilo.request('PATCH', path, { body })
        assert.deepEqual([answer.status, answer.body.updatedAt], [200, before])
      }
      assert.deepEqual(await readChanges(hilo), [])
      await hilo.request('PATCH', path, { body: { status: 'HUMAN_REQUESTED', isAiEnabled: false, metadata: { a: 1 } } })
      await hilo.request('PATCH', path, { body: { status: 'RESOLVED', metadata: { a: 1 } } })
      await hilo.request('PATCH', `${path}/metadata`, { body: { metadata: { a: null } } })
      assert.deepEqual(await readChanges(hilo), [
        { type: 'conversation.status_changed', data: { from: 'UNRESOLVED', to: 'HUMAN_REQUESTED' } },
        { type: 'conversation.updated', data: { changed: ['isAiEnabled', 'metadata'] } },
        { type: 'conversation.status_changed', data: { from: 'HUMAN_REQUESTED', to: 'RESOLVED' } },
        { type: 'conversation.updated', data: { changed: ['metadata'] } },
      ])
      assert.ok((await hilo.request('GET', path)).body.updatedAt > before)
    })

    test('changes made at the same time, also while messages arrive, all survive', async (t) => {
      const hilo = await startWithConversation(t, database)
      const keys = Array.from({ length: 20 }, (_, number) => `key${number}`)
      await Promise.all([
        ...keys.map((key) => hilo.request('PATCH', `${path}/metadata`, { body: { metadata: { [key]: key } } })),
        hilo.request('PATCH', path, { body: { status: 'HUMAN_REQUESTED' } }),
        ...keys.map((query) => recordMessages(hilo, [{ query, conversationId: 'crm-1' }])),
      ])
      const { body } = await hilo.request('GET', path)
      assert.deepEqual(body.metadata, Object.fromEntries(keys.map((key) => [key, key])))
      assert.deepEqual([body.status, body.messageCount], ['HUMAN_REQUESTED', 21])
      assert.equal((await readChanges(hilo)).length, 21)
    })

    test('metadata larger than 16 KiB after the merge is refused, and nothing of the change is kept', async (t) => {
      const hilo = await startWithConversation(t, database)
      const half = 'é'.repeat(4090) // two bytes each
      const patch = (body: object) => hilo.request('PATCH', path, { body })
      assert.equal((await patch({ metadata: { a: half } })).status, 200)
      const { status, body } = await patch({ status: 'RESOLVED', metadata: { b: half, c: 'xxxx' } })
      assert.deepEqual([status, body.code, body.field], [400, 'INVALID_REQUEST', 'metadata'])
      const read = (await hilo.request('GET', path)).body
      assert.deepEqual([read.status, Object.keys(read.metadata)], ['UNRESOLVED', ['a']])
      assert.equal((await patch({ metadata: { a: null, b: half, c: 'xxxx' } })).status, 200)
    })

    test('a wrong value is refused and named; unknown keys are neither refused nor stored', async (t) => {
      const hilo = await startWithConversation(t, database)
      const wrong: [unknown, string | undefined][] = [
        [{ status: 'DONE' }, 'status'], [{ status: null }, 'status'], [{ isAiEnabled: 'no' }, 'isAiEnabled'],
        [{ metadata: 'x' }, 'metadata'], [{ metadata: [] }, 'metadata'], [{ metadata: null }, 'metadata'],
        [{ metadata: { a: '\0' } }, 'metadata.a'], [[], undefined], ['x', undefined], [null, undefined],
      ]
      for (const [body, field] of wrong) {
        const answer = await hilo.request('PATCH', path, { body })
        assert.deepEqual([answer.status, answer.body.field], [400, field], JSON.stringify([body, answer.body]))
      }
      assert.equal((await hilo.request('PATCH', `${path}/metadata`, { body: {} })).status, 400)
      const hostile = '{"metadata": {"__proto__": {"isAdmin": true}}}'
      assert.equal((await hilo.request('PATCH', path, { rawBody: hostile })).status, 400)
      assert.equal((await hilo.request('PATCH', path, { body: { id: 'x', agentId: 'y', lastSeq: 9 } })).status, 200)
      assert.deepEqual(await readChanges(hilo), [])
    })

    test('another organization\'s conversation is not there, and a key that only reads may not', async (t) => {
      const hilo = await startWithConversation(t, database)
      const { id } = (await hilo.request('GET', path)).body
      const neighbour = await hilo.createNeighbour()
      const reader = await hilo.createKey(['history:read'])
      for (const to of [`/api/conversations/${id}`, path, `${path}/metadata`]) {
        const body = { metadata: { a: 1 } }
        assert.equal((await neighbour.request('PATCH', to, { body })).status, 404)
        assert.equal((await hilo.request('PATCH', to, { body, key: reader })).status, 403)
      }
      assert.deepEqual(await readChanges(hilo), [])
    })
  })
}
