import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { OpenDatabase } from '../database/open.ts'
import { asOwner } from '../database/transactions.ts'
import { databases, openTestDatabase, skipWithout } from '../test/test-databases.ts'
import { createApiKey } from './create-api-key.ts'
import { createOrganization } from './create-organization.ts'
import { createKeyUses } from './note-key-use.ts'

for (const kind of databases) {
  describe(kind, skipWithout(kind), () => {
    let database: OpenDatabase
    before(async () => {
      database = await openTestDatabase(kind)
    })
    after(() => database.close())

    const createCaller = () => asOwner(database.db, async (tx) => {
      const organizationId = await createOrganization(tx, { name: 'Test' })
      const { id } = await createApiKey(tx, { organizationId, name: 'x', scopes: ['admin'], actor: 'test' })
      return { organizationId, apiKeyId: id, scopes: [], defaultCountry: undefined }
    })
    const takeLastUse = (id: string) => asOwner(database.db, async (tx) => {
      const row = await tx.selectFrom('api_keys').select('last_used_at').where('id', '=', id).executeTakeFirstOrThrow()
      await tx.updateTable('api_keys').set({ last_used_at: null }).where('id', '=', id).execute()
      return row.last_used_at
    })

    test('the last use of each key is written once a minute', async () => {
      let time = 0
      const uses = createKeyUses(database.db, () => time)
      const [ana, bea] = [await createCaller(), await createCaller()]
      const writesAt = async (ms: number) => {
        time = ms
        for (const caller of [ana, ana, bea]) uses.note(caller)
        await uses.close()
        return [await takeLastUse(ana.apiKeyId) !== null, await takeLastUse(bea.apiKeyId) !== null]
      }
      assert.deepEqual(await writesAt(0), [true, true])
      assert.deepEqual(await writesAt(59_999), [false, false])
      assert.deepEqual(await writesAt(60_000), [true, true])
    })

    test('a use that cannot be written harms nobody', async () => {
      const caller = await createCaller()
      const broken = createKeyUses(database.db.withSchema('nowhere'))
      broken.note(caller)
      await broken.close()
    })
  })
}
