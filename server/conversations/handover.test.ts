import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { recordMessages } from '../test/record-messages.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

const path = '/api/conversations/crm-1'
const on = [true, null]

async function startWithConversation(...parameters: Parameters<typeof startHilo>) {
  const hilo = await startHilo(...parameters)
  await recordMessages(hilo, [{ query: 'hello', conversationId: 'crm-1' }])
  const send = async (method: string, to: string, body?: object) => {
    const answer = await hilo.request(method, path + to, { body })
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    const { status, isAiEnabled, aiOff } = answer.body
    return { status, ai: [isAiEnabled, aiOff] }
  }
  return {
    hilo,
    read: () => send('GET', ''),
    change: (body: object) => send('PATCH', '', body),
    handOff: (body?: object) => send('POST', '/handoff', body),
    handBack: (body?: object) => send('POST', '/hand-back', body),
  }
}

/** What a human who writes does to it. */
async function pause(hilo: Hilo, resumesAt: Date | null): Promise<void> {
  await hilo.asOwner((tx) => tx.updateTable('conversations').set({
    is_ai_enabled: false, ai_off_cause: 'human_message', ai_off_reason: null, ai_resumes_at: resumesAt,
  }).where('organization_id', '=', hilo.organizationId).execute())
}

/** Events since the first message, without those of the messages. */
async function readChanges(hilo: Hilo) {
  const rows = await hilo.asOwner((tx) => tx.selectFrom('events').select(['type', 'data', 'api_key_id'])
    .where('organization_id', '=', hilo.organizationId).where('type', 'not like', '%.created')
    .orderBy('seq').execute())
  const keys = await hilo.asOwner((tx) => tx.selectFrom('api_keys').select('id')
    .where('organization_id', '=', hilo.organizationId).execute())
  for (const row of rows) assert.equal(row.api_key_id, keys[0]!.id)
  return rows.map(({ type, data }) => [type.replace('conversation.', ''), data])
}

const off = (cause: string, reason: string | null = null, resumesAt: string | null = null) => [
  false, { cause, reason, resumesAt },
]
const changed = (from: string, to: string) => ['status_changed', { from, to }]

for (const database of databases) {
  describe(`handing over on ${database}`, skipWithout(database), () => {
    test('a handoff quiets the AI and asks for a human, a hand-back undoes it; each once, with its reason', async (t) => {
      const { hilo, read, handOff, handBack } = await startWithConversation(t, database)
      assert.deepEqual(await read(), { status: 'UNRESOLVED', ai: on })
      const handedOff = { status: 'HUMAN_REQUESTED', ai: off('handed_off', 'wants a refund') }
      assert.deepEqual(await handOff({ reason: 'wants a refund' }), handedOff)
      assert.deepEqual(await handOff({ reason: 'again' }), handedOff)
      assert.deepEqual(await read(), handedOff)
      assert.deepEqual(await handBack({ reason: 'paid' }), { status: 'UNRESOLVED', ai: on })
      assert.deepEqual(await handBack(), { status: 'UNRESOLVED', ai: on })
      assert.deepEqual(await handOff({ reason: null }), { status: 'HUMAN_REQUESTED', ai: off('handed_off') })
      assert.deepEqual(await handBack({}), { status: 'UNRESOLVED', ai: on })
      assert.deepEqual(await readChanges(hilo), [
        changed('UNRESOLVED', 'HUMAN_REQUESTED'), ['handed_off', { reason: 'wants a refund' }],
        changed('HUMAN_REQUESTED', 'UNRESOLVED'), ['handed_back', { reason: 'paid' }],
        changed('UNRESOLVED', 'HUMAN_REQUESTED'), ['handed_off', { reason: null }],
        changed('HUMAN_REQUESTED', 'UNRESOLVED'), ['handed_back', { reason: null }],
      ])
    })

    test('of handoffs at the same time one makes the events', async (t) => {
      const { hilo, handOff } = await startWithConversation(t, database)
      await Promise.all(Array.from({ length: 8 }, () => handOff({ reason: 'x' })))
      assert.equal((await readChanges(hilo)).length, 2)
    })

    test('a hand-back leaves RESOLVED as it is, and takes back a request for a human that nobody paused for', async (t) => {
      const { hilo, change, handBack } = await startWithConversation(t, database)
      await change({ status: 'RESOLVED', isAiEnabled: false })
      assert.deepEqual(await handBack(), { status: 'RESOLVED', ai: on })
      await change({ status: 'HUMAN_REQUESTED' })
      assert.deepEqual(await handBack(), { status: 'UNRESOLVED', ai: on })
      assert.deepEqual((await readChanges(hilo)).map(([type]) => type), [
        'status_changed', 'updated', 'handed_back', 'status_changed', 'status_changed', 'handed_back',
      ])
    })

    test('isAiEnabled says why: false switches off, true ends whatever there was', async (t) => {
      const { hilo, change, handOff } = await startWithConversation(t, database)
      assert.deepEqual((await change({ isAiEnabled: false })).ai, off('switched_off'))
      assert.deepEqual((await change({ isAiEnabled: true })).ai, on)
      await handOff({ reason: 'x' })
      assert.deepEqual(await change({ isAiEnabled: false }), { status: 'HUMAN_REQUESTED', ai: off('switched_off') })
      await change({ isAiEnabled: false })
      assert.deepEqual(await change({ isAiEnabled: true }), { status: 'HUMAN_REQUESTED', ai: on })
      assert.deepEqual((await readChanges(hilo)).filter(([type]) => type === 'updated').map(([, data]) => data), [
        { changed: ['isAiEnabled'] }, { changed: ['isAiEnabled'] }, { changed: ['aiOff'] }, { changed: ['isAiEnabled'] },
      ])
    })

    test('RESOLVED hands back what a human took over', async (t) => {
      const { hilo, change, handOff } = await startWithConversation(t, database)
      await handOff()
      assert.deepEqual(await change({ status: 'RESOLVED' }), { status: 'RESOLVED', ai: on })
      await pause(hilo, null)
      assert.deepEqual(await change({ status: 'UNRESOLVED' }), { status: 'UNRESOLVED', ai: off('human_message') })
      assert.deepEqual(await change({ status: 'RESOLVED' }), { status: 'RESOLVED', ai: on })
      await pause(hilo, null)
      assert.deepEqual((await change({ status: 'RESOLVED' })).ai, on)
      assert.deepEqual((await readChanges(hilo)).slice(2), [
        changed('HUMAN_REQUESTED', 'RESOLVED'), ['handed_back', { reason: null }],
        changed('RESOLVED', 'UNRESOLVED'), changed('UNRESOLVED', 'RESOLVED'), ['handed_back', { reason: null }],
        ['handed_back', { reason: null }],
      ])
    })

    test('RESOLVED leaves the AI off where it was switched off, also after a handoff meanwhile', async (t) => {
      const { hilo, change, handOff } = await startWithConversation(t, database)
      await change({ isAiEnabled: false })
      assert.deepEqual((await change({ status: 'RESOLVED' })).ai, off('switched_off'))
      const handedOff = { status: 'HUMAN_REQUESTED', ai: off('switched_off', 'a VIP') }
      assert.deepEqual(await handOff({ reason: 'a VIP' }), handedOff)
      assert.deepEqual(await handOff(), handedOff)
      assert.deepEqual((await change({ status: 'RESOLVED' })).ai, off('switched_off', 'a VIP'))
      assert.equal((await readChanges(hilo)).filter(([type]) => type === 'handed_off').length, 1)
      await handOff()
      assert.deepEqual((await change({ status: 'RESOLVED', isAiEnabled: false })).ai, off('switched_off'))
    })

    test('a pause ends by itself, wherever the conversation is read', async (t) => {
      const { hilo, read, change } = await startWithConversation(t, database)
      const later = new Date(Date.now() + 3_600_000)
      await pause(hilo, later)
      assert.deepEqual((await read()).ai, off('human_message', null, later.toISOString()))
      await pause(hilo, new Date(Date.now() - 1))
      assert.deepEqual((await read()).ai, on)
      const { body: { items: [listed] } } = await hilo.request('GET', '/api/conversations')
      assert.deepEqual([listed.isAiEnabled, listed.aiOff], on)
      const { body: { items: events } } = await hilo.request('GET', '/api/events')
      for (const { data } of events) assert.equal(data.conversation.isAiEnabled, true)
      await change({ isAiEnabled: true })
      assert.deepEqual(await readChanges(hilo), [])
      assert.deepEqual((await change({ isAiEnabled: false })).ai, off('switched_off'))
    })

    test('a wrong reason is refused; a key that only reads may not, another organization finds nothing', async (t) => {
      const { hilo } = await startWithConversation(t, database)
      const neighbour = await hilo.createNeighbour()
      const reader = await hilo.createKey(['history:read'])
      for (const to of ['/handoff', '/hand-back']) {
        for (const reason of [5, {}, 'x'.repeat(1025)]) {
          const { status, body } = await hilo.request('POST', path + to, { body: { reason } })
          assert.deepEqual([status, body.field], [400, 'reason'])
        }
        assert.equal((await hilo.request('POST', path + to, { rawBody: '[]' })).status, 400)
        assert.equal((await hilo.request('POST', path + to, { key: reader })).status, 403)
        assert.equal((await neighbour.request('POST', path + to)).status, 404)
      }
      assert.deepEqual(await readChanges(hilo), [])
    })
  })
}
