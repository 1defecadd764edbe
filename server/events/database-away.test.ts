import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { readConfig } from '../config.ts'
import { openDatabase, type OpenDatabase } from '../database/open.ts'
import { openReader } from '../test/event-reader.ts'
import { record } from '../test/query-agent.ts'
import { openRaw, readToEnd, recordMuch } from '../test/raw-stream.ts'
import { skipWithout, startAlone } from '../test/start-hilo.ts'
import { createTestPostgres } from '../test/test-databases.ts'
import { until } from '../test/webhooks.ts'

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

describe('a stream of events while the database is away', skipWithout('postgres'), () => {
  let postgres: Awaited<ReturnType<typeof createTestPostgres>>
  let database: OpenDatabase
  before(async () => {
    postgres = await createTestPostgres()
    database = await openDatabase(readConfig({ HILO_DATABASE_URL: postgres.url }))
  })
  after(async () => {
    await database.close()
    await postgres.drop()
  })

  /** Breaks all connections and takes no new ones, or takes them again. */
  async function setAway(isAway: boolean): Promise<void> {
    const name = new URL(postgres.url).pathname.slice(1)
    const admin = new pg.Client({ connectionString: process.env.HILO_TEST_POSTGRES_URL })
    await admin.connect()
    await admin.query(`alter database ${name} allow_connections ${!isAway}`)
    if (isAway) await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
    await admin.end()
  }

  test('who is behind is told so and goes on where it was; who is not just waits', async (t) => {
    const hilo = await startAlone(t, database)
    const newest = await recordMuch(hilo)
    const behind = await openRaw(hilo, '?after=0')
    const live = await openReader(t, hilo)
    await setAway(true)
    const { seqs, code, after: place } = await readToEnd(behind)
    assert.deepEqual([code, place], ['UNAVAILABLE', seqs.length])
    await setAway(false)
    await until(() => hilo.request('GET', '/readyz'), ({ status }) => status === 200)
    await record(hilo, { conversationId: 'one' })
    const rest = await openReader(t, hilo, `?after=${place}`)
    await rest.until(({ events }) => events.at(-1)?.seq === newest + 1)
    await live.until(({ events }) => events.length > 0)
    assert.deepEqual([...seqs, ...rest.events.map(({ seq }) => seq)], upTo(newest + 1))
    assert.deepEqual([live.events.map(({ seq }) => seq), live.endings], [[newest + 1], []])
  })
})
