import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sql } from 'kysely'
import { clean } from './housekeeping.ts'
import { fillLog } from './test/fill-log.ts'
import { record } from './test/query-agent.ts'
import { readEvents } from './test/rows.ts'
import { databases, skipWithout, startHilo } from './test/start-hilo.ts'

for (const database of databases) {
  describe(`housekeeping on ${database}`, skipWithout(database), () => {
    test('an Idempotency-Key is forgotten after 24 hours and kept until then', async (t) => {
      const hilo = await startHilo(t, database)
      for (const key of ['old', 'young']) {
        await hilo.request('POST', `/api/agents/${hilo.agentId}/query-agent`, {
          body: { query: 'Hola' }, headers: { 'idempotency-key': key },
        })
      }
      await hilo.asOwner((tx) => sql`
        update idempotency_keys set created_at = now() - case key when 'old' then interval '25 hours' else interval '23 hours' end
        where organization_id = ${hilo.organizationId}
      `.execute(tx))

      await clean(hilo.database, { eventRetentionDays: 30 })

      const left = await hilo.asOwner((tx) => tx.selectFrom('idempotency_keys').select('key')
        .where('organization_id', '=', hilo.organizationId).execute())
      assert.deepEqual(left, [{ key: 'young' }])
    })

    test('events are removed from the beginning of the log once they are too old, and a reader is told', async (t) => {
      const hilo = await startHilo(t, database)
      for (const conversationId of ['one', 'two', 'three']) await record(hilo, { conversationId })
      const setAge = (seq: number, days: number) => hilo.asOwner((tx) => sql`
        update events set created_at = now() - make_interval(days => ${days})
        where organization_id = ${hilo.organizationId} and seq = ${seq}
      `.execute(tx))
      for (const [seq, days] of [[1, 31], [2, 40], [3, 28], [4, 31], [5, 29]] as const) await setAge(seq, days)

      await clean(hilo.database, { eventRetentionDays: 30 })

      assert.deepEqual((await readEvents(hilo)).map((event) => event.seq), [3, 4, 5, 6])
      const { status, body } = await hilo.request('GET', '/api/events?after=0')
      assert.deepEqual([status, body.code], [410, 'EVENTS_REMOVED'])
      assert.equal((await hilo.request('GET', '/api/events')).body.items.length, 4)
      await Promise.all([3, 4, 5, 6].map((seq) => setAge(seq, 31)))
      await clean(hilo.database, { eventRetentionDays: 30 })
      assert.deepEqual(await readEvents(hilo), [])
      await record(hilo, { conversationId: 'one' })
      assert.deepEqual((await readEvents(hilo)).map((event) => event.seq), [7])
    })

    test('of a log that is long, too, all is removed that is too old', async (t) => {
      const hilo = await startHilo(t, database)
      const young = await startHilo(t, database)
      for (const one of [hilo, young]) await record(one, {})
      await fillLog(hilo, 2_500)
      await hilo.asOwner((tx) => tx.updateTable('events').set({ created_at: new Date(Date.now() - 31 * 86_400_000) })
        .where('organization_id', '=', hilo.organizationId).where('seq', '<', 2_500).execute())

      await clean(hilo.database, { eventRetentionDays: 30 })

      assert.deepEqual((await readEvents(hilo)).map((event) => event.seq), [2_500])
      assert.equal((await readEvents(young)).length, 2)
    })

    test('it leaves the connection under row-level security', async (t) => {
      const hilo = await startHilo(t, database)
      await clean(hilo.database, { eventRetentionDays: 30 })
      const { rows } = await sql<{ role: string }>`select current_user as role`.execute(hilo.db)
      assert.deepEqual(rows, [{ role: 'hilo_app' }])
    })
  })
}
