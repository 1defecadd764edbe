import { accessSync, constants, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { Kysely, PGliteDialect, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import type { Config } from '../config.ts'
import { StartError } from '../start-error.ts'
import type { JobDatabase } from '../jobs/start-jobs.ts'
import { lockDataFolder } from './data-folder-lock.ts'
import { migrate } from './migrate.ts'
import { ownPglite } from './own-pglite.ts'
import { PreparedClient } from './prepared-client.ts'
import type { Database, Schema } from './schema.ts'
import { sessionSettings } from './session.ts'

/** An open, migrated database. */
export interface OpenDatabase {
  db: Database
  kind: 'pglite' | 'postgres'
  /** For people: the folder, or the server and database without the password. */
  location: string
  /** How the job queue reaches it, with the rights of the role that connected. */
  jobs: JobDatabase
  /** Names of the migrations that ran while opening. */
  migrated: string[]
  /** A connection of its own, as the role that connects; not open yet. Absent for the embedded database. */
  connect?(): pg.Client
  close(): Promise<void>
}

/** Opens PostgreSQL where a URL is set, the embedded PGlite where none is, and brings it up to date. */
export function openDatabase(config: Config): Promise<OpenDatabase> {
  return config.databaseUrl ? openPostgres(config.databaseUrl, config.databasePoolSize) : openPglite(config.dataDir)
}

/** int8 as a number: our counters stay far below 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text') => (
    oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)
  )) as pg.CustomTypesConfig['getTypeParser'],
}

const oldestServerVersion = 15

/** Connections of the job queue, besides those of the pool. */
const jobConnections = 2

async function openPostgres(url: string, poolSize: number): Promise<OpenDatabase> {
  const migrated = await prepare(url).catch((error: unknown) => {
    throw error instanceof StartError ? error : new StartError(explain(error, url), { cause: error })
  })
  const pool = createPool(url, { max: poolSize, ...timeouts })
  const db = new Kysely<Schema>({
    dialect: new PostgresDialect({
      pool,
      onCreateConnection: async (connection) => {
        for (const statement of sessionSettings) await connection.executeQuery(statement)
      },
    }),
  })
  const jobs: JobDatabase = {
    connectionString: url, max: jobConnections, connectionTimeoutMillis: 5000, application_name: 'hilo jobs',
  }
  return { db, kind: 'postgres', location: describeLocation(url), connect: () => createClient(url), jobs, migrated, close: () => db.destroy() }
}

/**
 * What serves a request takes milliseconds; a server that hangs is as good as away. The server breaks a statement off
 * by itself; if it does not even do that, we stop waiting. Milliseconds.
 */
const timeouts = { statement_timeout: 15_000, query_timeout: 20_000 }

function createPool(url: string, options: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({
    Client: PreparedClient, connectionString: url, types, connectionTimeoutMillis: 5000,
    application_name: 'hilo', keepAlive: true, pipeline: true, ...options,
  })
  // A connection that breaks while idle is replaced by the pool; without a listener the process would end.
  pool.on('error', () => {})
  // One that breaks while somebody works with it fails that work, and tells it besides: the same holds.
  pool.on('connect', (client) => void client.on('error', () => {}))
  return pool
}

/** A client outside the pool: if it breaks, it says so with an error event, which whoever asked for it must hear. */
function createClient(url: string): pg.Client {
  return new pg.Client({
    connectionString: url, connectionTimeoutMillis: 5000, query_timeout: timeouts.query_timeout,
    application_name: 'hilo', keepAlive: true,
  })
}

/** As the role that connects: checks the server and migrates. */
async function prepare(url: string): Promise<string[]> {
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: createPool(url, { max: 1 }) }) })
  try {
    const { rows } = await sql<{ version: number }>`
      select current_setting('server_version_num')::int / 10000 as version
    `.execute(db)
    const version = rows[0]!.version
    if (version < oldestServerVersion) {
      throw new StartError(`This is PostgreSQL ${version}; Hilo needs ${oldestServerVersion} or newer.`)
    }
    return await migrate(db)
  } finally {
    await db.destroy()
  }
}

async function openPglite(dataDir: string): Promise<OpenDatabase> {
  makeFolder(dataDir)
  const unlock = lockDataFolder(dataDir)
  try {
    const opened = await openPgliteInstance(await startPglite(join(dataDir, 'pglite')), dataDir)
    return {
      ...opened,
      close: async () => {
        await opened.close()
        unlock()
      },
    }
  } catch (error) {
    unlock()
    throw error
  }
}

async function startPglite(folder: string): Promise<PGlite> {
  try {
    return await PGlite.create(folder)
  } catch (error) {
    throw new StartError(
      `The embedded database in ${folder} does not open: ${describe(error)}. It may be damaged, or be of another ` +
        'version: put back a backup of the data folder, or set HILO_DATA_DIR to a new one.', { cause: error },
    )
  }
}

/** Uses a PGlite that is open already; tests hand over one in memory. */
export async function openPgliteInstance(pglite: PGlite, location = 'memory'): Promise<OpenDatabase> {
  const db = new Kysely<Schema>({ dialect: new PGliteDialect({ pglite }) })
  const migrated = await migrate(db)
  for (const statement of sessionSettings) await db.executeQuery(statement)
  const jobs: JobDatabase = { backend: 'pglite', db: ownPglite(db, pglite) }
  return { db, kind: 'pglite', location, jobs, migrated, close: () => db.destroy() }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new StartError(
      `Cannot write to the data folder ${folder} (${(error as NodeJS.ErrnoException).code}). ` +
        'Make it writable, or set HILO_DATA_DIR to a folder that is.',
    )
  }
}

function describeLocation(url: string): string {
  const { host, pathname } = new URL(url)
  return `PostgreSQL at ${host}${pathname}`
}

/** Why the server cannot be used, and what to do. */
function explain(error: unknown, url: string): string {
  const reason = describe(error)
  const location = describeLocation(url)
  if (/permission denied to (create|grant|set) role|admin option on role/.test(reason)) {
    const user = pg.escapeIdentifier(decodeURIComponent(new URL(url).username))
    return `Cannot use ${location}: its user may not create the role hilo_app, which keeps organizations apart. ` +
      `Let an administrator of the server run: create role hilo_app; grant hilo_app to ${user};`
  }
  return `Cannot use ${location}: ${reason}. Check HILO_DATABASE_URL and that the server runs.`
}

/** The reason in a few words; a failed connection to several addresses hides its reasons in a list. */
function describe(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return describe(error.errors[0])
  return error instanceof Error ? error.message : String(error)
}
