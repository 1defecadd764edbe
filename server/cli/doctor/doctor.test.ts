import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { sql } from 'kysely'
import type { Database } from '../../database/schema.ts'
import { databases, skipWithout, startHilo } from '../../test/start-hilo.ts'
import { createTestPostgres, type DatabaseKind, openTestDatabase } from '../../test/test-databases.ts'
import { runHilo } from '../../test/run-hilo.ts'
import { makeFolder } from '../../test/spawn-hilo.ts'
import type { Check } from './check.ts'
import { checkClocks, checkOwnClock } from './clock.ts'
import { checkDataFolder, checkDisk } from './data-folder.ts'
import { checkMigrations } from './migrations.ts'
import { openPostgresUnchanged } from './open-unchanged.ts'
import { checkPort } from './port.ts'
import { checkRowLevelSecurity } from './row-level-security.ts'
import { checkSecret } from './secret.ts'
import { checkSettings } from './settings.ts'

test('settings: every wrong one is named at once, a misspelt one gets its right name, no value is shown', () => {
  const wrong = checkSettings({ HILO_PORT: 'secret1', HILO_SECRET: 'secret2', HILO_PROT: 'secret3', OTHER: 'x' })
  assert.deepEqual(wrong.map(({ state }) => state), ['FAIL', 'FAIL', 'WARN'])
  assert.match(JSON.stringify(wrong), /HILO_PORT must .*HILO_SECRET must .*HILO_PROT is no setting.*Did you mean HILO_PORT\?/)
  assert.doesNotMatch(JSON.stringify(wrong), /secret\d/)
  assert.deepEqual(checkSettings({ HILO_PORT: '3001', HILO_HOST: '' }).map(({ message }) => message), ['HILO_PORT; else defaults.'])
})

test('data folder: must be a folder, and closed to others; a missing one is a warning', (t) => {
  const folder = makeFolder(t)
  const check = (dataDir: string) => checkDataFolder({ dataDir, databaseUrl: undefined, secret: undefined }).state
  assert.equal(check(folder), 'OK')
  chmodSync(folder, 0o755)
  assert.equal(check(folder), 'WARN')
  assert.equal(check(join(folder, 'a', 'b')), 'WARN')
  writeFileSync(join(folder, 'file'), '')
  assert.equal(check(join(folder, 'file')), 'FAIL')
  assert.equal(checkDataFolder({ dataDir: join(folder, 'file'), databaseUrl: 'postgres://x', secret: 'x' }).state, 'OK')
  assert.match(checkDisk(join(folder, 'a', 'b')).message, /^[\d.]+ [GM]iB free for /)
})

test('secret: must be there in full, for its owner only', (t) => {
  const dataDir = makeFolder(t)
  const check = () => checkSecret({ secret: undefined, dataDir })
  assert.equal(check().state, 'WARN')
  writeFileSync(join(dataDir, 'secret'), 'too short', { mode: 0o600 })
  assert.match(check().message, /must be at least 32 characters long/)
  writeFileSync(join(dataDir, 'secret'), `${'x'.repeat(64)}\n`)
  assert.equal(check().state, 'OK')
  chmodSync(join(dataDir, 'secret'), 0o644)
  assert.deepEqual([check().state, check().hint], ['FAIL', `Close it: chmod 600 ${join(dataDir, 'secret')}`])
  assert.equal(checkSecret({ secret: 'given', dataDir }).state, 'OK')
})

async function listen(t: TestContext): Promise<number> {
  const server = createServer((_request, response) => response.end('{"status":"ok"}')).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

test('port: free, taken by another program, or not ours to listen on', async (t) => {
  const port = await listen(t)
  const taken = await checkPort({ host: '127.0.0.1', port })
  assert.deepEqual([taken.state, taken.message], ['FAIL', `Another program listens on 127.0.0.1:${port}.`])
  assert.equal((await checkPort({ host: '127.0.0.1', port: 0 })).state, 'OK')
  const elsewhere = await checkPort({ host: '192.0.2.1', port })
  assert.deepEqual([elsewhere.state, elsewhere.message.includes('EADDRNOTAVAIL')], ['FAIL', true])
})

test('clock: one that lies in the past is wrong', () => {
  assert.equal(checkOwnClock(new Date('1970-01-01')).state, 'FAIL')
  assert.equal(checkOwnClock().state, 'OK')
})

/** A migrated database of the test's own, opened as the doctor opens it: as the role that connects. */
async function openAsOwner(t: TestContext, kind: DatabaseKind): Promise<Database> {
  if (kind === 'pglite') {
    const { db, close } = await openTestDatabase(kind)
    t.after(close)
    await sql`reset role`.execute(db)
    return db
  }
  const { url, drop } = await createTestPostgres()
  const { db, close } = openPostgresUnchanged(url)
  t.after(() => close().then(drop))
  return db
}

for (const kind of databases) {
  describe(kind, skipWithout(kind), () => {
    test('port: a Hilo that listens is recognised', async (t) => {
      const { hostname, port } = new URL((await startHilo(t, kind)).url)
      const { state, message } = await checkPort({ host: hostname, port: Number(port) })
      assert.deepEqual([state, message], ['OK', `A Hilo listens on ${hostname}:${port}, ready to record messages.`])
    })

    test('row-level security: a table without it, or with a policy that lets all through, is found', async (t) => {
      const db = await openAsOwner(t, kind)
      const after = async (...changes: string[]) => {
        for (const change of changes) await sql.raw(change).execute(db)
        const { state, message } = await checkRowLevelSecurity(db)
        return `${state}: ${message}`
      }
      assert.match(await after(), /^OK/)
      assert.equal(await after('alter table messages disable row level security'),
        'FAIL: It is off, or hilo_app bypasses it, on: messages.')
      assert.equal(await after(
        'alter table messages enable row level security',
        "insert into organizations (id, name) values ('o', 'O')",
        'create policy everything on organizations to hilo_app using (true)',
      ), 'FAIL: hilo_app sees rows of every organization in: organizations.')
      assert.match(await after('drop policy everything on organizations'), /^OK/)
    })

    test('migrations: up to date, an empty database, one that a newer Hilo has changed', async (t) => {
      const db = await openAsOwner(t, kind)
      const after = async (change: string) => {
        await sql.raw(change).execute(db)
        const { check, isUsable } = await checkMigrations(db)
        return `${check.state} ${isUsable}: ${check.message}`
      }
      assert.match(await after('select'), /^OK true: Up to date: \d{4}_/)
      assert.equal(await after("insert into migrations values ('9999_to_come', now()::text)"),
        'FAIL false: A newer Hilo has changed this database (9999_to_come).')
      assert.equal(await after('drop table migrations'), 'WARN false: The database is empty.')
    })

    test('clock: agrees with the database; an event that is still to come shows that it was set back', async (t) => {
      const db = await openAsOwner(t, kind)
      assert.match((await checkClocks(db, { hasTables: true })).message, /The database agrees within 1 s\.$/)
      for (const change of [
        "insert into organizations (id, name) values ('o', 'O')",
        "insert into event_sequences values ('o', 7)",
        "insert into events (organization_id, seq, type, data, created_at) values ('o', 7, 'x', '{}', now() + '1 day')",
      ]) await sql.raw(change).execute(db)
      const { state, message } = await checkClocks(db, { hasTables: true })
      assert.deepEqual([state, message.includes('is still to come')], ['WARN', true])
    })
  })
}

test('row-level security: a role that may bypass it is found', async (t) => {
  const db = await openAsOwner(t, 'pglite')
  await sql`alter role hilo_app bypassrls`.execute(db)
  assert.equal((await checkRowLevelSecurity(db)).message, 'The role hilo_app has BYPASSRLS, so no policy binds it.')
  await sql`alter role hilo_app superuser`.execute(db)
  assert.equal((await checkRowLevelSecurity(db)).message, 'The role hilo_app is a superuser, whom no policy binds.')
})

test('doctor leaves an empty PostgreSQL empty, and says what the first start will do', skipWithout('postgres'), async (t) => {
  const { url, db } = await createEmptyPostgres(t)
  const { exitCode, json, stderr } = await runHilo(['doctor', '--json'], {
    env: { HILO_DATABASE_URL: url, HILO_SECRET: 'x'.repeat(32), HILO_PORT: '0' },
  })
  const { ok, checks } = json()
  assert.deepEqual([exitCode, ok, stderr], [0, true, ''])
  assert.deepEqual(checks.find((check: Check) => check.name === 'migrations'), {
    name: 'migrations', state: 'WARN', message: 'The database is empty.',
    hint: 'The first start sets it up. If Hilo has run before, the settings point to the wrong one.',
  })
  const { rows } = await sql`select from pg_tables where schemaname = 'public'`.execute(db)
  assert.equal(rows.length, 0)
})

async function createEmptyPostgres(t: TestContext): Promise<{ url: string, db: Database }> {
  const admin = openPostgresUnchanged(process.env.HILO_TEST_POSTGRES_URL!)
  const name = `hilo_test_${randomBytes(6).toString('hex')}`
  await sql`create database ${sql.ref(name)}`.execute(admin.db)
  const url = new URL(process.env.HILO_TEST_POSTGRES_URL!)
  url.pathname = `/${name}`
  const { db, close } = openPostgresUnchanged(url.href)
  t.after(async () => {
    await close()
    await sql`drop database ${sql.ref(name)} with (force)`.execute(admin.db)
    await admin.close()
  })
  return { url: url.href, db }
}

test('doctor ends with exit code 1 on what Hilo cannot start with, and asks no further with wrong settings', async (t) => {
  const wrong = await runHilo(['doctor'], { env: { HILO_PORT: 'x' } })
  assert.equal(wrong.exitCode, 1)
  assert.match(wrong.stdout, /^FAIL {2}settings +HILO_PORT must be a whole number .*\n\n1 to repair \(FAIL\)/)
  const env = { HILO_DATABASE_URL: 'postgres://hilo:hidden@127.0.0.1:1/hilo', HILO_DATA_DIR: makeFolder(t), HILO_PORT: '0' }
  const away = await runHilo(['doctor'], { env })
  assert.equal(away.exitCode, 1)
  assert.match(away.stdout, /FAIL {2}database +PostgreSQL at 127\.0\.0\.1:1\/hilo cannot be used: .*ECONNREFUSED/)
  assert.doesNotMatch(away.stdout, /hidden/)
  assert.deepEqual(readdirSync(env.HILO_DATA_DIR), [])
})
