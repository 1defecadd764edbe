import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { PGlite } from '@electric-sql/pglite'
import { sql } from 'kysely'
import pg from 'pg'
import { readConfig } from '../../config.ts'
import { closePglite, createPglitePool, toDatabase } from '../../database/connections.ts'
import { openDatabase } from '../../database/open.ts'
import { createEmptyPostgres } from '../../test/empty-postgres.ts'
import { skipWithout } from '../../test/test-databases.ts'
import { runHilo } from '../../test/run-hilo.ts'
import type { Check } from './check.ts'
import { checkMigrations } from './migrations.ts'

/** A database whose user may neither make roles nor act as the one that is there. */
async function openAsStranger(t: TestContext) {
  const { fill, drop } = await createEmptyPostgres(`
    create role hilo_app; create role hilo login password 'secret'; create database hilo owner hilo
  `)
  t.after(drop)
  const url = fill('postgres://hilo:secret@server/hilo')
  return { url, user: new URL(url).username }
}

async function examine(url: string) {
  const { exitCode, json } = await runHilo(['doctor', '--json'], {
    env: { HILO_DATABASE_URL: url, HILO_SECRET: 'x'.repeat(32), HILO_PORT: '0' },
  })
  const { state, message, hint } = json().checks.find((check: Check) => check.name === 'migrations')
  return { exitCode, state, message, hint }
}

async function runAsAdministrator(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: process.env.HILO_TEST_POSTGRES_URL })
  await client.connect()
  await client.query(statement).finally(() => client.end())
}

test('a user who may not use the role that is there: start and doctor name the grant that is missing, and no more',
  skipWithout('postgres'), async (t) => {
    const { url, user } = await openAsStranger(t)
    const hint = `Let an administrator of the server run: grant hilo_app to "${user}";`
    await assert.rejects(openDatabase(readConfig({ HILO_DATABASE_URL: url })), ({ message }: Error) => (
      message.endsWith(`its user may not use the role hilo_app, which keeps organizations apart. ${hint}`)
    ))
    assert.deepEqual(await examine(url), {
      exitCode: 1, state: 'FAIL', hint,
      message: 'The database is empty, and its user may not use the role hilo_app, which keeps organizations apart.',
    })

    await runAsAdministrator(hint.slice(hint.indexOf('grant')))
    const { exitCode, state } = await examine(url)
    assert.deepEqual([exitCode, state], [0, 'WARN'])
    await (await openDatabase(readConfig({ HILO_DATABASE_URL: url }))).close()
  })

test('where there is no such role, the doctor asks for it too, unless the user may create it', async (t) => {
  const pglite = await PGlite.create()
  const db = toDatabase(createPglitePool(pglite))
  t.after(() => closePglite(db, pglite))
  for (const statement of ['create role other', 'create role maker createrole', 'set role other']) {
    await sql.raw(statement).execute(db)
  }
  const { check } = await checkMigrations(db)
  assert.equal(check.state, 'FAIL')
  assert.match(check.hint!, /create role hilo_app; grant hilo_app to "other";$/)
  await sql`reset role`.execute(db)
  await sql`set role maker`.execute(db)
  assert.equal((await checkMigrations(db)).check.state, 'WARN')
})
