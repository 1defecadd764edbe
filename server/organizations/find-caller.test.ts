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
      return { ...created, organizationId, credential: { keyHash: hashApiKey(created.key) } }
    })
    const revokeElsewhere = (id: string) => asOwner(database.db, (tx) => (
      tx.updateTable('api_keys').set({ revoked_at: new Date() }).where('id', '=', id).execute()
    ))

    test('finds organization, scopes and country of a key', async () => {
      const { id, credential, organizationId } = await createKey()
      const { finder } = createWatched(database)
      assert.deepEqual(await finder.find(credential), {
        organizationId, apiKeyId: id, scopes: ['history:read'], defaultCountry: 'AR',
      })
    })

    test('requests with one key at the same time ask the database once', async () => {
      const { credential } = await createKey()
      const watched = createWatched(database)
      const found = await Promise.all(Array.from({ length: 50 }, () => watched.finder.find(credential)))
      assert.equal(watched.queries, 1)
      assert.equal(new Set(found).size, 1)
    })

    test('a key that was found is remembered for 5 seconds, one that was not for 1', async () => {
      const { id, credential } = await createKey()
      const watched = createWatched(database)
      const unknown = { keyHash: hashApiKey('unknown') }
      await watched.finder.find(credential)
      assert.equal(await watched.finder.find(unknown), null)
      watched.time = 999
      assert.equal(watched.finder.remembered(unknown), null)
      watched.time = 1000
      assert.equal(watched.finder.remembered(unknown), undefined)
      await revokeElsewhere(id)
      watched.time = 4999
      assert.equal(watched.finder.remembered(credential)?.apiKeyId, id)
      watched.time = 5000
      assert.equal(watched.finder.remembered(credential), undefined)
      assert.equal(await watched.finder.find(credential), null)
    })

    test('a key expires while it is remembered', async () => {
      const { credential } = await createKey(new Date(2000))
      const watched = createWatched(database)
      assert.ok(await watched.finder.find(credential))
      watched.time = 2000
      assert.equal(watched.finder.remembered(credential), null)
    })

    test('a key forgotten while it is looked up is not remembered', async () => {
      const { id, organizationId, credential } = await createKey()
      const { finder } = createWatched(database)
      const looking = finder.find(credential)
      finder.forget({ ...credential, organizationId, apiKeyId: id })
      await looking
      assert.equal(finder.remembered(credential), undefined)
    })

    test('a look-up that fails is not remembered', async () => {
      const { credential } = await createKey()
      const watched = createWatched(database)
      const broken = createCallerFinder(database.db.withSchema('nowhere').withPlugin({
        transformQuery: () => { throw new Error('away') },
        transformResult: async ({ result }) => result,
      }), () => watched.time)
      await assert.rejects(broken.find(credential), /away/)
      assert.equal(broken.remembered(credential), undefined)
    })
  })
}
