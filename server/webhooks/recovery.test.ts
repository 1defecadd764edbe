import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Redelivery } from '@hilo/contract'
import { sql } from 'kysely'
import { createId } from '../database/create-id.ts'
import type { OpenDatabase } from '../database/open.ts'
import { clean } from '../housekeeping.ts'
import { changeContact, createContact } from '../test/contacts.ts'
import { fillLog } from '../test/fill-log.ts'
import { record } from '../test/query-agent.ts'
import { readEvents } from '../test/rows.ts'
import { databases, type Hilo, skipWithout, startAlone } from '../test/start-hilo.ts'
import { openTestDatabase } from '../test/test-databases.ts'
import { startReceiver } from '../test/webhook-receiver.ts'
import { countWaiting, createEndpoint, readEndpoint, say, textsOf, until, webhookTimes } from '../test/webhooks.ts'
import { cleanWebhooks } from './clean-webhooks.ts'

const eventTypes = ['message.created' as const]
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000)

async function redeliver(hilo: Hilo, id: string, body: object): Promise<Redelivery> {
  return (await hilo.request('POST', `/api/webhook-endpoints/${id}/redeliver`, { body })).body
}

/** Changes of every kind, by the key of `hilo`. @returns how many events they made. */
async function changeEverything(hilo: Hilo): Promise<number> {
  const count = async () => (await readEvents(hilo)).length
  const before = await count()
  const userIds = [createId(), createId()]
  const { conversationId } = await record(hilo, { contact: { userId: userIds[0] } })
  const { messageId } = await record(hilo, { conversationId, isDraft: true })
  const other = await createContact(hilo, { userId: userIds[1] })
  await changeContact(hilo, other.id, { lastName: 'Ruiz' })
  const { body } = await hilo.request('GET', `/api/contacts?userId=${userIds[0]}`)
  const first = body.items[0].id as string
  for (const [method, path, body] of [
    ['PATCH', `/api/conversations/${conversationId}`, { status: 'RESOLVED', metadata: { a: 1 } }],
    ['PATCH', `/api/conversations/${conversationId}/messages/${messageId}`, { isDraft: false }],
    ['POST', `/api/contacts/${first}/merge`, { contactId: other.id }],
    ['POST', `/api/contacts/${first}/unmerge`, { contactId: other.id }],
  ] as const) assert.equal((await hilo.request(method, path, { body })).status, 200, path)
  return await count() - before
}

for (const kind of databases) {
  describe(`webhooks on ${kind}, when things go wrong`, skipWithout(kind), () => {
    let database: OpenDatabase
    before(async () => {
      database = await openTestDatabase(kind)
    })
    after(() => database.close())

    test('two servers over one database share the work: each event comes once, in order', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes })
      const other = await startAlone(t, database, { webhookTimes })
      const receiver = await startReceiver(t)
      await createEndpoint(hilo, { url: receiver.url, eventTypes })
      const names = ['a', 'b', 'c', 'd']
      for (const query of ['1', '2', '3', '4', '5']) {
        await Promise.all(names.map((conversationId, index) => (
          record({ ...hilo, url: index % 2 ? hilo.url : other.url }, { conversationId, query })
        )))
      }
      await receiver.waitFor(20)
      await until(() => countWaiting(hilo), (count) => count === 0)
      assert.equal(receiver.received.length, 20)
      for (const texts of Object.values(textsOf(receiver.received))) assert.deepEqual(texts, ['1', '2', '3', '4', '5'])
    })

    test('what the key of an endpoint caused itself, by whatever route, is kept away where that is wanted', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes })
      const [deaf, hearing] = [await startReceiver(t), await startReceiver(t)]
      await createEndpoint(hilo, { url: deaf.url, ignoreOwn: true })
      await createEndpoint(hilo, { url: hearing.url })
      const own = await changeEverything(hilo)
      const key = await hilo.createKey(['admin'])
      const others = await changeEverything({
        ...hilo, key, request: (method, path, options) => hilo.request(method, path, { key, ...options }),
      })
      assert.ok(own > 8)
      const all = (await hearing.waitFor(own + others)).map(({ event }) => event.seq)
      await until(() => countWaiting(hilo), (count) => count === 0)
      const heard = deaf.received.map(({ event }) => event.seq).sort((a, b) => a - b)
      assert.deepEqual(heard, all.sort((a, b) => a - b).slice(own))
    })

    test('what was missed is sent, however much else happened meanwhile', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes })
      const receiver = await startReceiver(t)
      const { id, lastSeq } = await createEndpoint(hilo, { url: receiver.url, eventTypes, isEnabled: false })
      await say(hilo, 'one', '1')
      await fillLog(hilo, lastSeq + 1_300)
      await say(hilo, 'one', '2')
      await hilo.request('PATCH', `/api/webhook-endpoints/${id}`, { body: { isEnabled: true } })
      assert.deepEqual(Object.values(textsOf(await receiver.waitFor(2))), [['1', '2']])
    })

    test('a range that is too large for one call is sent again with several, and nothing is left out', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes })
      await say(hilo, 'one', '1')
      await fillLog(hilo, 10_003)
      const { id } = await createEndpoint(hilo, { url: 'https://hooks.example.com', isEnabled: false })
      const ask = (body: object) => redeliver(hilo, id, body)
      assert.deepEqual(await ask({ fromSeq: 2 }), { queued: 10_000, nextFromSeq: 10_002 })
      assert.deepEqual(await ask({ fromSeq: 10_002 }), { queued: 2, nextFromSeq: null })
      assert.equal(await countWaiting(hilo), 10_002)
    })

    test('a range ends where it says, and with what the endpoint was shown', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes })
      await fillLog(hilo, 20)
      const { id, lastSeq } = await createEndpoint(hilo, { url: 'https://hooks.example.com', isEnabled: false })
      await fillLog(hilo, lastSeq + 20)
      const ask = (body: object) => redeliver(hilo, id, body)
      assert.deepEqual(await ask({ fromSeq: 3, toSeq: 7 }), { queued: 5, nextFromSeq: null })
      assert.equal(await countWaiting(hilo), 5)
      for (const toSeq of [lastSeq + 10, undefined]) {
        assert.deepEqual(await ask({ fromSeq: lastSeq - 1, toSeq }), { queued: 2, nextFromSeq: null })
      }
      assert.equal(await countWaiting(hilo), 7)
    })

    test('what waits is sent once, also where it is asked for again after the endpoint was ordered otherwise', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes })
      await say(hilo, 'one', '1')
      await say(hilo, 'one', '2')
      const { id } = await createEndpoint(hilo, { url: 'https://hooks.example.com', isEnabled: false })
      for (const ordered of [true, false, true]) {
        await hilo.request('PATCH', `/api/webhook-endpoints/${id}`, { body: { ordered } })
        const { queued } = await redeliver(hilo, id, { fromSeq: 1 })
        assert.equal(await countWaiting(hilo), queued, String(ordered))
      }
    })

    test('a delivery that has lost its job gets another', async (t) => {
      const first = await startAlone(t, database, { webhookTimes: { ...webhookTimes, timeoutMs: 60_000 } })
      let isUp = false
      const receiver = await startReceiver(t, () => (isUp ? { status: 200 } : {}))
      await createEndpoint(first, { url: receiver.url, eventTypes })
      await say(first, 'one', '1')
      await receiver.waitFor(1)
      await first.stop()
      isUp = true
      await first.asOwner(async (tx) => {
        await tx.updateTable('webhook_deliveries').where('organization_id', '=', first.organizationId)
          .set({ next_attempt_at: daysAgo(1) }).execute()
        await tx.withSchema('hilo_jobs').deleteFrom('job' as 'messages').execute()
      })
      await cleanWebhooks(first.db, 30)
      await startAlone(t, database, { webhookTimes })
      assert.deepEqual(Object.values(textsOf((await receiver.waitFor(2)).slice(1))), [['1']])
    })

    test('what is old, and what a deleted endpoint left behind, is removed', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes: { ...webhookTimes, retryDelaysMs: [3_600_000] } })
      const receiver = await startReceiver(t, () => ({ status: 500 }))
      const [kept, deleted] = [
        await createEndpoint(hilo, { url: receiver.url, eventTypes }),
        await createEndpoint(hilo, { url: receiver.url, eventTypes }),
      ]
      await say(hilo, 'one', '1')
      for (const { id } of [kept, deleted]) {
        await until(() => readEndpoint(hilo, id), ({ failingSince }) => failingSince !== null)
      }
      await hilo.request('DELETE', `/api/webhook-endpoints/${deleted.id}`)
      await hilo.asOwner((tx) => tx.updateTable('webhook_attempts').where('endpoint_id', '=', kept.id)
        .set({ created_at: daysAgo(31) }).execute())
      await cleanWebhooks(hilo.db, 30)
      const { organizationId } = hilo
      const [deliveries, attempts] = await hilo.asOwner(async (tx) => [
        await tx.selectFrom('webhook_deliveries').select('endpoint_id').where('organization_id', '=', organizationId).execute(),
        await tx.selectFrom('webhook_attempts').select('endpoint_id').where('organization_id', '=', organizationId).execute(),
      ])
      assert.deepEqual(deliveries, [{ endpoint_id: kept.id }])
      assert.deepEqual(attempts, [{ endpoint_id: deleted.id }])
    })

    test('what was given up is removed when it is old, however much it is; what waits never is', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes })
      const { organizationId } = hilo
      const { id } = await createEndpoint(hilo, { url: 'https://hooks.example.com', isEnabled: false })
      const count = 2_500
      await hilo.asOwner((tx) => sql`
        insert into webhook_deliveries
          (organization_id, endpoint_id, seq, lane, is_pending, is_queued, next_attempt_at, created_at)
        select ${organizationId}, ${id}, seq, 'one', seq = 1, false, now(),
          case when seq < ${count} then ${daysAgo(31)}::timestamptz else ${daysAgo(29)} end
        from generate_series(1, ${count}::integer) seq
      `.execute(tx))
      await clean(hilo.database, { eventRetentionDays: 30 })
      const left = await hilo.asOwner((tx) => tx.selectFrom('webhook_deliveries').select('seq')
        .where('organization_id', '=', organizationId).orderBy('seq').execute())
      assert.deepEqual(left, [{ seq: 1 }, { seq: count }])
    })
  })
}
