import { accessSync, constants, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { sql } from 'kysely'
import type pg from 'pg'
import type { Config } from '../config.ts'
import { StartError } from '../start-error.ts'
import type { JobDatabase } from '../jobs/start-jobs.ts'
import {
  closePglite, createClient, createPatientPool, createPglitePool, createServerPool, serving, toDatabase,
} from './connections.ts'
import { lockDataFolder } from './data-folder-lock.ts'
import { nameReason } from './database-errors.ts'
import { migrate } from './migrate.ts'
import { ownPglite } from './own-pglite.ts'
import type { Database } from './schema.ts'
import { describeLack, letServe } from './serving-role.ts'

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

export const oldestServerVersion = 15

/** Connections of the job queue, besides those of the pool. */
const jobConnections = 2

async function openPostgres(url: string, poolSize: number): Promise<OpenDatabase> {
  const migrated = await prepare(url).catch((error: unknown) => {
    throw error instanceof StartError ? error : new StartError(explain(error, url), { cause: error })
  })
  const db = toDatabase(createServerPool(url, poolSize))
  const jobs: JobDatabase = {
    connectionString: url, max: jobConnections, connectionTimeoutMillis: 5000, application_name: 'hilo jobs',
  }
  return {
    db, kind: 'postgres', location: describeLocation(url), connect: () => createClient(url), jobs, migrated,
    close: () => db.destroy(),
  }
}

/** As the role that connects: checks the server and migrates. */
async function prepare(url: string): Promise<string[]> {
  const db = toDatabase(createPatientPool(url))
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
      `The embedded database in ${folder} does not open: ${nameReason(error)}. It may be damaged, or be of another ` +
        'version: put back a backup of the data folder, or set HILO_DATA_DIR to a new one.', { cause: error },
    )
  }
}

/** Uses a PGlite that is open already; tests hand over one in memory. */
export async function openPgliteInstance(pglite: PGlite, location = 'memory'): Promise<OpenDatabase> {
  const migrated = await migratePglite(pglite)
  const db = toDatabase(createPglitePool(pglite, serving))
  const jobs: JobDatabase = { backend: 'pglite', db: ownPglite(db, pglite) }
  return { db, kind: 'pglite', location, jobs, migrated, close: () => closePglite(db, pglite) }
}

/** As the role that connects. */
async function migratePglite(pglite: PGlite): Promise<string[]> {
  const db = toDatabase(createPglitePool(pglite))
  try {
    return await migrate(db)
  } finally {
    await db.destroy()
  }
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

/** The server and its database, for people: without the password. */
export function describeLocation(url: string): string {
  const { host, pathname } = new URL(url)
  return `PostgreSQL at ${host}${pathname}`
}

/** Why the server cannot be used, and what to do. */
function explain(error: unknown, url: string): string {
  const reason = nameReason(error)
  const location = describeLocation(url)
  if (/permission denied to (create|grant|set) role|admin option on role/.test(reason)) {
    const role = { user: decodeURIComponent(new URL(url).username), isThere: !reason.includes('create role') }
    return `Cannot use ${location}: ${describeLack(role)} ${letServe(role)}`
  }
  return `Cannot use ${location}: ${reason}. Check HILO_DATABASE_URL and that the server runs.`
}
