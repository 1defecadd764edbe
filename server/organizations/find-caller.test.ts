import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { KyselyPlugin } from 'kysely'
import type { OpenDatabase } from '../database/open.ts'
import { asOwner } from '../database/transactions.ts'
import { databases, openTestDatabase, skipWithout } from '../test/test-databases.ts'
import { hashApiKey } from './api-key-secret.ts'
import { createApiKey } from './create-api-key.ts'
import { createOrganization } from './create-organization.ts'
import { createCallerFinder } from './find-caller.ts'

/** A finder with a clock of ours, that counts its queries. */
function createWatched({ db }: OpenDatabase) {
  const watched = { time: 0, queries: 0 }
  const counting: KyselyPlugin = {
    transformQuery: ({ node }) => {
      watched.queries++
      return node
    },
    transformResult: async ({ result }) => result,
  }
  const finder = createCallerFinder(db.withPlugin(counting), () => watched.time)
  return Object.assign(watched, { finder })
}

for (const kind of databases) {
  describe(kind, skipWithout(kind), () => {
    let database: OpenDatabase
    before(async () => {
      database = await openTestDatabase(kind)
    })
    after(() => database.close())

    const createKey = (expiresAt?: Date) => asOwner(database.db, async (tx) => {
      const organizationId = await createOrganization(tx, { name: 'Test', defaultCountry: 'AR' })
      const created = await createApiKey(tx, {
        organizationId, name: 'x', scopes: ['history:read'], expiresAt, actor: 'test',
      })
      return { ...created, organizationId, hash: hashApiKey(created.key) }
    })
    const revokeElsewhere = (id: string) => asOwner(database.db, (tx) => (
      tx.updateTable('api_keys').set({ revoked_at: new Date() }).where('id', '=', id).execute()
    ))

    test('finds organization, scopes and country of a key', async () => {
      const { id, hash, organizationId } = await createKey()
      const { finder } = createWatched(database)
      assert.deepEqual(await finder.find(hash), {
        organizationId, apiKeyId: id, scopes: ['history:read'], defaultCountry: 'AR',
      })
    })

    test('requests with one key at the same time ask the database once', async () => {
      const { hash } = await createKey()
      const watched = createWatched(database)
      const found = await Promise.all(Array.from({ length: 50 }, () => watched.finder.find(hash)))
      assert.equal(watched.queries, 1)
      assert.equal(new Set(found).size, 1)
    })

    test('a key that was found is remembered for 5 seconds, one that was not for 1', async () => {
      const { id, hash } = await createKey()
      const watched = createWatched(database)
      const unknown = hashApiKey('unknown')
      await watched.finder.find(hash)
      assert.equal(await watched.finder.find(unknown), null)
      watched.time = 999
      assert.equal(watched.finder.remembered(unknown), null)
      watched.time = 1000
      assert.equal(watched.finder.remembered(unknown), undefined)
      await revokeElsewhere(id)
      watched.time = 4999
      assert.equal(watched.finder.remembered(hash)?.apiKeyId, id)
      watched.time = 5000
      assert.equal(watched.finder.remembered(hash), undefined)
      assert.equal(await watched.finder.find(hash), null)
    })

    test('a key expires while it is remembered', async () => {
      const { hash } = await createKey(new Date(2000))
      const watched = createWatched(database)
      assert.ok(await watched.finder.find(hash))
      watched.time = 2000
      assert.equal(watched.finder.remembered(hash), null)
    })

    test('a key forgotten while it is looked up is not remembered', async () => {
      const { hash } = await createKey()
      const { finder } = createWatched(database)
      const looking = finder.find(hash)
      finder.forget(hash)
      await looking
      assert.equal(finder.remembered(hash), undefined)
    })

    test('a look-up that fails is not remembered', async () => {
      const { hash } = await createKey()
      const watched = createWatched(database)
      const broken = createCallerFinder(database.db.withSchema('nowhere').withPlugin({
        transformQuery: () => { throw new Error('away') },
        transformResult: async ({ result }) => result,
      }), () => watched.time)
      await assert.rejects(broken.find(hash), /away/)
      assert.equal(broken.remembered(hash), undefined)
    })
  })
}
