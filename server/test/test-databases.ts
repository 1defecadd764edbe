import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { readConfig } from '../config.ts'
import { type OpenDatabase, openDatabase, openPgliteInstance } from '../database/open.ts'

export type DatabaseKind = OpenDatabase['kind']

const postgresUrl = process.env.HILO_TEST_POSTGRES_URL

/** Both databases; `describe` each: what we promise holds on either. */
export const databases: readonly DatabaseKind[] = ['pglite', 'postgres']

/** Give it to `describe` or `test`: skips the PostgreSQL half, and says so, where there is none. */
export function skipWithout(database: DatabaseKind): { skip: string | false } {
  const isMissing = database === 'postgres' && !postgresUrl
  return { skip: isMissing && 'HILO_TEST_POSTGRES_URL is not set; "npm test" starts a PostgreSQL and sets it' }
}

/** Names a migrated template: another one for every change of a migration, and of PGlite, which made the file. */
function fingerprint(): string {
  const manifest = new URL('../package.json', import.meta.resolve('@electric-sql/pglite'))
  const hash = createHash('sha256').update(readFileSync(manifest))
  const folder = new URL('../database/migrations/', import.meta.url)
  for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(new URL(name, folder)))
  return hash.digest('hex').slice(0, 12)
}

/** A database of its own for this process, migrated; `close` removes it. */
export function openTestDatabase(kind: DatabaseKind): Promise<OpenDatabase> {
  return kind === 'pglite' ? openTestPglite() : openTestPostgres()
}

const cacheFolder = fileURLToPath(new URL('../../node_modules/.cache/hilo-test/', import.meta.url))

function readCached(path: string): Buffer<ArrayBuffer> | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

/** In memory, from a dump made once: loading takes a tenth of the time of a fresh start. */
async function openTestPglite(): Promise<OpenDatabase> {
  const path = `${cacheFolder}pglite-${fingerprint()}.tar`
  const dump = readCached(path)
  if (dump) return openPgliteInstance(await PGlite.create({ loadDataDir: new Blob([dump]) }))
  const pglite = await PGlite.create()
  const opened = await openPgliteInstance(pglite)
  await saveDump(pglite, path)
  return opened
}

async function saveDump(pglite: PGlite, path: string): Promise<void> {
  const dump = await pglite.dumpDataDir('none')
  mkdirSync(cacheFolder, { recursive: true })
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, new Uint8Array(await dump.arrayBuffer()))
  renameSync(draft, path) // whole or not there: other test files start at the same time
}

function urlOf(database: string): string {
  const url = new URL(postgresUrl!)
  url.pathname = `/${database}`
  return url.href
}

async function withAdmin<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: postgresUrl })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

const testConfig = (database: string) => readConfig({ HILO_DATABASE_URL: urlOf(database) })

/** The first test file makes the template; the others wait for it. */
async function makeTemplate(admin: pg.Client): Promise<string> {
  const name = `hilo_template_${fingerprint()}`
  await admin.query('select pg_advisory_lock(hashtext($1))', [name])
  try {
    const { rowCount } = await admin.query('select from pg_database where datname = $1', [name])
    if (rowCount === 0) {
      const draft = `${name}_draft`
      await admin.query(`drop database if exists ${draft}`)
      await admin.query(`create database ${draft}`)
      await (await openDatabase(testConfig(draft))).close()
      await admin.query(`alter database ${draft} rename to ${name}`)
    }
    return name
  } finally {
    await admin.query('select pg_advisory_unlock(hashtext($1))', [name])
  }
}

/** Makes an empty, migrated database on the PostgreSQL of the tests. */
export async function createTestPostgres(): Promise<{ url: string, drop(): Promise<void> }> {
  const name = `hilo_test_${randomBytes(6).toString('hex')}`
  await withAdmin(async (admin) => {
    const template = await makeTemplate(admin)
    await admin.query(`create database ${name} template ${template}`)
  })
  return {
    url: urlOf(name),
    drop: () => withAdmin(async (admin) => void await admin.query(`drop database ${name} with (force)`)),
  }
}

async function openTestPostgres(): Promise<OpenDatabase> {
  return (await openTestPostgresTimes(1))[0]!
}

/** An empty PostgreSQL, opened as by so many processes; closing the first removes it. */
export async function openTestPostgresTimes(count: number): Promise<OpenDatabase[]> {
  const { url, drop } = await createTestPostgres()
  const [first, ...others] = await Promise.all(Array.from({ length: count }, () => (
    openDatabase(readConfig({ HILO_DATABASE_URL: url }))
  )))
  const close = async () => {
    await first!.close()
    await drop()
  }
  return [{ ...first!, close }, ...others]
}
