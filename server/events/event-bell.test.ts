import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { sql } from 'kysely'
import { readConfig } from '../config.ts'
import { createId } from '../database/create-id.ts'
import { openDatabase, type OpenDatabase } from '../database/open.ts'
import { asOwner, inOrganization, inOrganizations } from '../database/transactions.ts'
import { createOrganization } from '../organizations/create-organization.ts'
import { databases, skipWithout, startHilo } from '../test/start-hilo.ts'
import { createTestPostgres } from '../test/test-databases.ts'
import { createEventBell, type EventBell } from './event-bell.ts'
import { recordEvents } from './record-events.ts'

const never = 2 ** 31 - 1

function write(db: OpenDatabase['db'], ...organizationIds: string[]): Promise<void> {
  return inOrganizations(db, organizationIds, (tx) => recordEvents(tx, organizationIds.map((organizationId) => (
    { organizationId, type: 'contact.created', contactId: createId() }
  ))))
}

/** Resolves once the bell has rung for this organization. */
function heard(bell: EventBell, organizationId: string): Promise<void> {
  return new Promise((resolve) => {
    const stop = bell.listen((ids) => {
      if (!ids.includes(organizationId)) return
      stop()
      resolve()
    })
  })
}

const addOrganization = (db: OpenDatabase['db']) => asOwner(db, (tx) => createOrganization(tx, { name: 'Test' }))

for (const database of databases) {
  describe(`the event bell on ${database}`, skipWithout(database), () => {
    test('rings once for each commit that wrote events, naming whose, and for nothing else', async (t) => {
      const { db, organizationId } = await startHilo(t, database)
      const other = await addOrganization(db)
      const bell = createEventBell({ db })
      t.after(() => bell.close())
      const rings: string[][] = []
      const stop = bell.listen((ids) => void rings.push([...ids].sort()))
      await write(db, organizationId, other, organizationId)
      assert.deepEqual(rings.splice(0), [[organizationId, other].sort()])
      await inOrganization(db, organizationId, (tx) => tx.selectFrom('events').select('seq').execute())
      await assert.rejects(inOrganization(db, organizationId, async (tx) => {
        await recordEvents(tx, [{ organizationId, type: 'contact.created' }])
        throw new Error('rolled back')
      }))
      assert.deepEqual(rings, [])
      stop()
      await write(db, organizationId)
      assert.deepEqual(rings, [])
    })
  })
}

describe('the event bell over two processes', skipWithout('postgres'), () => {
  /** Two pools and bells over one database, as two processes have them. */
  async function openBoth(t: TestContext): Promise<{ open(): Promise<OpenDatabase>, organizationId: string }> {
    const { url, drop } = await createTestPostgres()
    const opened: OpenDatabase[] = []
    t.after(async () => {
      await Promise.all(opened.map((one) => one.close()))
      await drop()
    })
    const open = async () => {
      const one = await openDatabase(readConfig({ HILO_DATABASE_URL: url }))
      opened.push(one)
      return one
    }
    return { open, organizationId: await addOrganization((await open()).db) }
  }

  function ringIn(t: TestContext, database: Pick<OpenDatabase, 'db' | 'connect'>, pollMs: number): EventBell {
    const bell = createEventBell(database, { pollMs })
    t.after(() => bell.close())
    return bell
  }

  /** Resolves when some connection listens, other than those that have ended. */
  async function untilListening({ db }: OpenDatabase, count: number): Promise<number[]> {
    for (;;) {
      const { rows } = await asOwner(db, (tx) => sql<{ pid: number }>`
        select pid from pg_stat_activity where datname = current_database() and query = 'listen hilo_events'
      `.execute(tx))
      if (rows.length >= count) return rows.map((row) => row.pid)
    }
  }

  test('a commit of one rings in the other, by a notice', async (t) => {
    const { open, organizationId } = await openBoth(t)
    const [one, two] = [await open(), await open()]
    const [, bell] = [ringIn(t, one, never), ringIn(t, two, never)]
    await untilListening(one, 2)
    const ring = heard(bell, organizationId)
    await write(one.db, organizationId)
    await ring
  })

  test('a lost notice is made up for by looking at the numbers', async (t) => {
    const { open, organizationId } = await openBoth(t)
    const [one, two] = [await open(), await open()]
    const bell = ringIn(t, two, 10)
    const ring = heard(bell, organizationId)
    await write(one.db, organizationId) // nobody tells the others
    await ring
  })

  test('a connection that breaks is replaced', async (t) => {
    const { open, organizationId } = await openBoth(t)
    const [one, two] = [await open(), await open()]
    const [, bell] = [ringIn(t, { db: one.db, connect: one.connect }, never), ringIn(t, two, never)]
    const before = await untilListening(one, 2)
    await asOwner(one.db, (tx) => sql`select pg_terminate_backend(pid) from unnest(${before}::int[]) pid`.execute(tx))
    const isNew = async () => (await untilListening(one, 2)).every((pid) => !before.includes(pid))
    while (!await isNew());
    const ring = { isHeard: false }
    void heard(bell, organizationId).then(() => ring.isHeard = true)
    while (!ring.isHeard) await write(one.db, organizationId) // a connection listens a moment before it tells
  })

  test('a notice for many organizations arrives whole', async (t) => {
    const { open } = await openBoth(t)
    const [one, two] = [await open(), await open()]
    const ids: string[] = []
    for (let count = 0; count < 120; count += 1) ids.push(await addOrganization(one.db))
    const [, bell] = [ringIn(t, one, never), ringIn(t, two, never)]
    await untilListening(one, 2)
    const rings = Promise.all(ids.map((id) => heard(bell, id)))
    await write(one.db, ...ids)
    await rings
  })
})
