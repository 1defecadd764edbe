import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { OpenDatabase } from '../database/open.ts'
import { recordEvents } from '../events/record-events.ts'
import { record } from '../test/query-agent.ts'
import { databases, skipWithout, startAlone } from '../test/start-hilo.ts'
import { openTestDatabase } from '../test/test-databases.ts'
import { startReceiver } from '../test/webhook-receiver.ts'
import { countWaiting, createEndpoint, readEndpoint, say, textsOf, until, webhookTimes } from '../test/webhooks.ts'
import { cleanWebhooks } from './clean-webhooks.ts'

const eventTypes = ['message.created' as const]
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000)

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

    test('what the key of an endpoint caused itself is kept away where that is wanted', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes })
      const [deaf, hearing] = [await startReceiver(t), await startReceiver(t)]
      const types = ['channel.connected' as const]
      const { ownApiKeyId } = await createEndpoint(hilo, { url: deaf.url, eventTypes: types, ignoreOwn: true })
      await createEndpoint(hilo, { url: hearing.url, eventTypes: types })
      const { organizationId } = hilo
      await hilo.asOwner((tx) => recordEvents(tx, [ownApiKeyId, 'another key', undefined].map((apiKeyId) => (
        { organizationId, type: 'channel.connected', apiKeyId }
      ))))
      const all = (await hearing.waitFor(3)).map(({ event }) => event.seq).sort((a, b) => a - b)
      const heard = (await deaf.waitFor(2)).map(({ event }) => event.seq).sort((a, b) => a - b)
      assert.deepEqual(heard, all.slice(1))
      await until(() => countWaiting(hilo), (count) => count === 0)
      assert.equal(deaf.received.length, 2)
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
      await cleanWebhooks(first.db)
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
      await cleanWebhooks(hilo.db)
      const { organizationId } = hilo
      const [deliveries, attempts] = await hilo.asOwner(async (tx) => [
        await tx.selectFrom('webhook_deliveries').select('endpoint_id').where('organization_id', '=', organizationId).execute(),
        await tx.selectFrom('webhook_attempts').select('endpoint_id').where('organization_id', '=', organizationId).execute(),
      ])
      assert.deepEqual(deliveries, [{ endpoint_id: kept.id }])
      assert.deepEqual(attempts, [{ endpoint_id: deleted.id }])
    })
  })
}
