import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sql } from 'kysely'
import { askResolve, assertRefused, queryAgent, record, recordAndExplain, type Said } from '../test/query-agent.ts'
import { recordMessages } from '../test/record-messages.ts'
import { readEvents, readMessages, readRows, takeSnapshot } from '../test/rows.ts'
import { type Answer, databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

const isReplay = ({ headers }: Answer) => headers.get('idempotent-replay')
const withKey = (key: string) => ({ headers: { 'idempotency-key': key } })

async function readTypes(hilo: Hilo): Promise<string[]> {
  return (await readEvents(hilo)).map((event) => event.type)
}

/** One message, one event, and the same answer to everybody; all but one learn that it is a repeat. */
async function assertRecordedOnce(hilo: Hilo, answers: Answer[]): Promise<void> {
  for (const { status, body } of answers) {
    assert.equal(status, 200, JSON.stringify(body))
    assert.deepEqual(body, answers[0]!.body)
  }
  assert.equal(answers.filter((answer) => isReplay(answer) === null).length, 1)
  assert.equal((await readMessages(hilo)).length, 1)
  assert.deepEqual(await readTypes(hilo), ['conversation.created', 'message.created'])
}

for (const database of databases) {
  describe(`repeats on ${database}`, skipWithout(database), () => {
    test('the same externalId of the same source gets the first answer again and changes nothing', async (t) => {
      const hilo = await startHilo(t, database)
      const first = await queryAgent(hilo, { externalId: 'e1', source: 'kommo', conversationId: 'one', contact: { userId: 'u1' } })
      const before = await takeSnapshot(hilo)
      const again: Said[] = [
        { conversationId: 'one' }, { query: 'Another text' }, { conversationId: 'two', visitorId: 'v2' },
        { contact: { userId: 'u2', firstName: 'Ana' } }, { channel: 'telegram', channelExternalId: 'chat-1' },
        { isDraft: true }, { metadata: { a: 1 } },
      ]
      for (const said of again) {
        const answer = await queryAgent(hilo, { externalId: 'e1', source: 'kommo', ...said })
        assert.deepEqual([answer.status, answer.body, isReplay(answer)], [200, first.body, 'true'])
      }
      assert.deepEqual(await takeSnapshot(hilo), before)
      assert.equal(isReplay(first), null)
      const { resolution } = await record(hilo, { externalId: 'e1', source: 'kommo' }, { query: '?explain=true' })
      assert.deepEqual(resolution.conversation, {
        id: first.body.conversationId, created: false, decidedBy: 'repeat', attachedKeys: [],
      })
    })

    test('a repeat says no more than where the message is, and reaches nothing by an agent that does not exist', async (t) => {
      const hilo = await startHilo(t, database)
      const said = { externalId: 'e1', contact: { userId: 'u1' } }
      const { conversationId } = await record(hilo, said)
      const { body } = await askResolve(hilo, said)
      assert.equal(body.summary, `This message was recorded before, in conversation ${conversationId}.`)
      assertRefused(await queryAgent(hilo, said, { agentId: 'nobody' }), { status: 404, code: 'NOT_FOUND', field: 'id' })
    })

    test('a key of one organization is none of another, also where both are recorded together', async (t) => {
      const hilo = await startHilo(t, database)
      const neighbour = await hilo.createNeighbour()
      const first = await queryAgent(hilo, { query: 'Hello' }, withKey('k1'))
      const calls = await Promise.all(Array.from({ length: 10 }, () => Promise.all([
        queryAgent(hilo, { query: 'Hello' }, withKey('k1')), queryAgent(neighbour, { query: 'Hello' }, withKey('k1')),
      ])))
      for (const [own] of calls) assert.deepEqual([own.status, own.body, isReplay(own)], [200, first.body, 'true'])
      await assertRecordedOnce(neighbour, calls.map(([, other]) => other))
    })

    test('the same externalId of another source is another message; without a source, the channel is it', async (t) => {
      const hilo = await startHilo(t, database)
      const sources = [{}, { source: 'kommo' }, { source: 'Kommo' }, { channel: 'telegram' }, { channel: 'slack' }]
      const ids = await Promise.all(sources.map(async (said) => (await record(hilo, { externalId: 'e1', ...said })).messageId))
      assert.equal(new Set(ids).size, sources.length)
      const again = [{ channel: 'api' }, { source: 'api', channel: 'slack' }, { source: 'slack' }]
      const repeats = await Promise.all(again.map(async (said) => (await record(hilo, { externalId: 'e1', ...said })).messageId))
      assert.deepEqual(repeats, [ids[0], ids[0], ids[4]])
      assert.equal((await readMessages(hilo)).length, sources.length)
    })

    test('the same Idempotency-Key with the same body gets the first answer again', async (t) => {
      const hilo = await startHilo(t, database)
      const first = await queryAgent(hilo, { metadata: { a: 1 } }, withKey('k1'))
      for (const query of ['', '?explain=false']) {
        const again = await queryAgent(hilo, { metadata: { a: 1 } }, { ...withKey('k1'), query })
        assert.deepEqual([again.status, again.body, isReplay(again)], [200, first.body, 'true'])
      }
      const other = await queryAgent(hilo, { metadata: { a: 1 } }, withKey('k2'))
      assert.notEqual(other.body.messageId, first.body.messageId)
      assert.equal(isReplay(other), null)
      assert.equal((await readMessages(hilo)).length, 2)
    })

    test('the same Idempotency-Key with another body, or for another agent, is a 422', async (t) => {
      const hilo = await startHilo(t, database)
      const { body: agent } = await hilo.request('POST', '/api/agents', { body: { name: 'Another' } })
      await record(hilo, { query: 'Hola' }, withKey('k1'))
      const before = await takeSnapshot(hilo)
      const expected = { status: 422, code: 'IDEMPOTENCY_KEY_REUSED', field: 'Idempotency-Key', says: '"k1"' }
      assertRefused(await queryAgent(hilo, { query: 'Hola!' }, withKey('k1')), expected)
      assertRefused(await queryAgent(hilo, { query: 'Hola', isDraft: false }, withKey('k1')), expected)
      assertRefused(await queryAgent(hilo, { query: 'Hola' }, { ...withKey('k1'), agentId: agent.id }), expected)
      assert.deepEqual(await takeSnapshot(hilo), before)
    })

    for (const servers of [1, 2]) {
      const where = servers === 1 ? '' : ', over two servers'

      test(`twenty repeats at once make one message and one event${where}`, async (t) => {
        const second = await startHilo(t, database, {})
        const ways = [{ said: { externalId: 'e1' }, key: undefined }, { said: {}, key: 'k1' }, { said: { externalId: 'e1' }, key: 'k1' }]
        for (const { said, key } of ways) {
          const hilo = await startHilo(t, database)
          const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => {
            const server = index < 20 / servers ? hilo : { ...second, agentId: hilo.agentId }
            return queryAgent(server, said, { key: hilo.key, ...(key ? withKey(key) : {}) })
          }))
          await assertRecordedOnce(hilo, answers)
        }
      })
    }

    test('of ten different requests at once with one key, one is recorded and nine are a 422', async (t) => {
      const hilo = await startHilo(t, database)
      const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => (
        queryAgent(hilo, { query: `text ${index}` }, withKey('k1'))
      )))
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array(9).fill(422)])
      assert.equal((await readMessages(hilo)).length, 1)
    })

    test('a key and an externalId in two organizations have nothing to do with each other', async (t) => {
      const hilo = await startHilo(t, database)
      const neighbour = await hilo.createNeighbour()
      const said = { externalId: 'e1', source: 's' }
      const [mine, theirs] = await Promise.all([hilo, neighbour].map((one) => queryAgent(one, said, withKey('k1'))))
      assert.notEqual(mine!.body.messageId, theirs!.body.messageId)
      for (const answer of [mine!, theirs!]) assert.equal(isReplay(answer), null)
      const other = await queryAgent(neighbour, { query: 'Another' }, withKey('k2'))
      assert.equal((await queryAgent(hilo, { query: 'Mine' }, withKey('k2'))).status, 200)
      assert.equal(other.status, 200)
    })

    test('a request that was refused does not use its key or its externalId up', async (t) => {
      const hilo = await startHilo(t, database)
      await record(hilo, { conversationId: 'one' })
      await record(hilo, { conversationId: 'two' })
      await record(hilo, { conversationId: 'one', channelExternalId: 'chat-1', channel: 'slack' })
      const said = { externalId: 'e1', conversationId: 'two' }
      const wrong: [Said, number][] = [
        [{ ...said, query: '' }, 400], [{ ...said, contactId: 'nobody' }, 404],
        [{ ...said, channelExternalId: 'chat-1', channel: 'slack' }, 409],
      ]
      for (const [body, status] of wrong) assert.equal((await queryAgent(hilo, body, withKey('k1'))).status, status)
      assert.equal((await readRows(hilo, 'idempotency_keys')).length, 0)
      const good = await queryAgent(hilo, said, withKey('k1'))
      assert.deepEqual([good.status, isReplay(good)], [200, null])
    })

    test('a repeat tells the status of the first time, also after it has changed', async (t) => {
      const hilo = await startHilo(t, database)
      const said = { externalId: 'e1', conversationId: 'one' }
      const first = await record(hilo, said, withKey('k1'))
      await hilo.request('PATCH', '/api/conversations/one', { body: { status: 'RESOLVED' } })
      assert.deepEqual(await record(hilo, said, withKey('k1')), first)
      assert.deepEqual(await record(hilo, said), first)
      assert.equal((await record(hilo, { conversationId: 'one' })).status, 'RESOLVED')
    })

    test('after 24 hours an Idempotency-Key is free again, an externalId never', async (t) => {
      const hilo = await startHilo(t, database)
      const age = (age: string) => hilo.asOwner((tx) => sql`
        update idempotency_keys set created_at = now() - ${age}::interval where organization_id = ${hilo.organizationId}
      `.execute(tx))
      const first = await record(hilo, {}, withKey('k1'))
      await age('23 hours 59 minutes')
      assert.deepEqual(await record(hilo, {}, withKey('k1')), first)
      await age('24 hours 1 minute')
      const second = await queryAgent(hilo, { query: 'Another body' }, withKey('k1'))
      assert.deepEqual([second.status, isReplay(second)], [200, null])
      assert.notEqual(second.body.messageId, first.messageId)
      assert.deepEqual(await record(hilo, { query: 'Another body' }, withKey('k1')), second.body)
      const external = await record(hilo, { externalId: 'e1' }, withKey('k2'))
      await age('48 hours')
      assert.deepEqual(await record(hilo, { externalId: 'e1' }, withKey('k2')), external)
    })

    test('a message is known again whichever way it came the first time', async (t) => {
      const hilo = await startHilo(t, database)
      const [listed] = await recordMessages(hilo, [{ query: 'Hola', externalId: 'e1', from: 'contact' }])
      const { messageId } = await record(hilo, { externalId: 'e1' })
      assert.equal(messageId, listed!.messageId)
      const draft = await record(hilo, { externalId: 'e2', isDraft: true, conversationId: 'one' })
      await hilo.request('PATCH', `/api/conversations/one/messages/${draft.messageId}`, { body: { isDraft: false } })
      assert.equal((await record(hilo, { externalId: 'e2' })).messageId, draft.messageId)
      const { conversation } = await recordAndExplain(hilo, { externalId: 'e2' })
      assert.equal(conversation.decidedBy, 'repeat')
      assert.equal((await readTypes(hilo)).filter((type) => type === 'message.created').length, 2)
    })

    test('a repeat known by its externalId uses up the Idempotency-Key that it came with', async (t) => {
      const hilo = await startHilo(t, database)
      const first = await record(hilo, { externalId: 'e1' })
      assert.deepEqual(await record(hilo, { externalId: 'e1' }, withKey('k1')), first)
      assertRefused(await queryAgent(hilo, { query: 'Another' }, withKey('k1')), {
        status: 422, code: 'IDEMPOTENCY_KEY_REUSED', field: 'Idempotency-Key',
      })
      assert.equal((await readMessages(hilo)).length, 1)
    })
  })
}
