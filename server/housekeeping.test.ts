import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sql } from 'kysely'
import { clean } from './housekeeping.ts'
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

      await clean(hilo.database)

      const left = await hilo.asOwner((tx) => tx.selectFrom('idempotency_keys').select('key')
        .where('organization_id', '=', hilo.organizationId).execute())
      assert.deepEqual(left, [{ key: 'young' }])
    })

    test('it leaves the connection under row-level security', async (t) => {
      const hilo = await startHilo(t, database)
      await clean(hilo.database)
      const { rows } = await sql<{ role: string }>`select current_user as role`.execute(hilo.db)
      assert.deepEqual(rows, [{ role: 'hilo_app' }])
    })
  })
}
