import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Kysely, sql } from 'kysely'
import pg from 'pg'
import { readConfig } from '../config.ts'
import { openDatabase, type OpenDatabase } from '../database/open.ts'
import type { Schema } from '../database/schema.ts'
import { startServer } from '../start-server.ts'
import { startAlone, startHilo, testSecret } from '../test/start-hilo.ts'
import { createTestPostgres, databases, skipWithout } from '../test/test-databases.ts'
import { until } from '../test/webhooks.ts'

for (const database of databases) {
  describe(database, skipWithout(database), () => {
    test('a healthy process is alive and ready, without a key', async (t) => {
      const hilo = await startHilo(t, database)
      for (const path of ['/livez', '/readyz']) {
        const { status, body } = await hilo.request('GET', path, { key: null })
        assert.deepEqual([status, body], [200, { status: 'ok' }], path)
      }
    })
  })
}

/** A database that answers only while `isAway` is false. */
function breakable({ db, ...rest }: OpenDatabase) {
  const state = { isAway: false }
  const away = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' })
  const broken: Kysely<Schema> = db.withPlugin({
    transformQuery: ({ node }) => {
      if (state.isAway) throw away
      return node
    },
    transformResult: async ({ result }) => result,
  })
  return { state, database: { ...rest, db: broken } }
}

describe('while the database is away', skipWithout('postgres'), () => {
  test('readiness goes red, requests get 503 with Retry-After, and all recovers by itself', async (t) => {
    const { url, drop } = await createTestPostgres()
    const opened = await openDatabase(readConfig({ HILO_DATABASE_URL: url }))
    const { state, database } = breakable(opened)
    const server = await startServer({ ...readConfig({}), port: 0, logLevel: 'silent', secret: testSecret }, { database })
    t.after(async () => {
      await server.stop()
      await opened.close()
      await drop()
    })
    const get = (path: string) => fetch(server.url + path, { headers: { authorization: 'Bearer some-key-or-other' } })

    assert.equal((await get('/readyz')).status, 200)
    state.isAway = true
    const unready = await get('/readyz')
    assert.equal(unready.status, 503)
    assert.equal(unready.headers.get('retry-after'), '1')
    assert.equal(((await unready.json()) as { status: string }).status, 'unavailable')
    assert.equal((await get('/livez')).status, 200)
    const refused = await get('/api/organization')
    const { code, error } = (await refused.json()) as { code: string, error: string }
    assert.deepEqual([refused.status, code, refused.headers.get('retry-after')], [503, 'UNAVAILABLE', '1'])
    assert.doesNotMatch(error, /ECONNREFUSED|5432/)
    state.isAway = false
    assert.equal((await get('/readyz')).status, 200)
    assert.equal((await get('/api/organization')).status, 401)
  })

  test('connections that the server of the database ends are replaced', async (t) => {
    const hilo = await startHilo(t, 'postgres')
    await Promise.all(Array.from({ length: 20 }, () => hilo.request('GET', '/api/agents'))) // fills the pool
    await endOtherConnections(hilo.database)
    const statuses = []
    while (statuses.at(-1) !== 200 && statuses.length < 20) {
      statuses.push((await hilo.request('GET', '/api/agents')).status)
    }
    assert.ok(statuses.every((status) => status === 503 || status === 200), String(statuses))
    assert.equal(statuses.at(-1), 200)
  })
})

describe('while the database takes no connections', skipWithout('postgres'), () => {
  test('requests get 503, never 500, and all recovers by itself', async (t) => {
    const { url, drop } = await createTestPostgres()
    const opened = await openDatabase(readConfig({ HILO_DATABASE_URL: url }))
    const hilo = await startAlone(t, opened)
    const admin = new pg.Client({ connectionString: process.env.HILO_TEST_POSTGRES_URL })
    await admin.connect()
    t.after(async () => {
      await hilo.stop()
      await opened.close()
      await drop()
      await admin.end()
    })
    const name = new URL(url).pathname.slice(1)
    const read = async () => (await hilo.request('GET', '/api/agents')).status
    assert.equal(await read(), 200)
    await admin.query(`alter database ${name} allow_connections false`)
    await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
    assert.equal(await until(read, (status) => status !== 200), 503)
    for (let count = 0; count < 15; count += 1) assert.equal(await read(), 503)
    assert.equal((await hilo.request('GET', '/readyz')).status, 503)
    await admin.query(`alter database ${name} allow_connections true`)
    assert.equal(await until(read, (status) => status !== 503), 200)
  })
})

/** As an administrator would: pg_terminate_backend for all but the connection that asks. */
async function endOtherConnections({ db }: OpenDatabase): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await sql`set local role none`.execute(tx)
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`.execute(tx)
  })
}
