import type { PGlite } from '@electric-sql/pglite'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { PgliteStream } from './pglite-stream.ts'
import { PreparedClient } from './prepared-client.ts'
import type { Database, Schema } from './schema.ts'
import { sessionSettings } from './session.ts'

/** int8 as a number: our counters stay far below 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text') => (
    oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)
  )) as pg.CustomTypesConfig['getTypeParser'],
}

/**
 * What serves a request takes milliseconds; a server that hangs is as good as away. The server breaks a statement off
 * by itself; if it does not even do that, we give up after a while without a word. Milliseconds.
 */
const statementMs = 15_000
const silenceMs = 20_000

const addressOf = (url: string) => (
  { connectionString: url, connectionTimeoutMillis: 5000, application_name: 'hilo', keepAlive: true }
)

/** For connections that serve requests: the pool gives away none before it is set up. */
export const serving = { onConnect: (client: pg.ClientBase): unknown => client.query(sessionSettings) }

/** Connections to a server that serve requests, and break off what takes too long. */
export function createServerPool(url: string, size: number, times = { statementMs, silenceMs }): pg.Pool {
  const onConnect = (client: pg.ClientBase) => {
    (client as PreparedClient).giveUpOnSilence(times.silenceMs)
    return serving.onConnect(client)
  }
  return createPool({ ...addressOf(url), max: size, statement_timeout: times.statementMs, onConnect })
}

/** A connection to a server for work that may take its time, such as migrations. */
export function createPatientPool(url: string): pg.Pool {
  return createPool({ ...addressOf(url), max: 1 })
}

/** The one connection that the embedded database has; it is kept. Without options, with the rights of its owner. */
export function createPglitePool(pglite: PGlite, options: pg.PoolConfig = {}): pg.Pool {
  return createPool({
    stream: () => new PgliteStream(pglite), user: 'postgres', database: 'postgres', max: 1, idleTimeoutMillis: 0,
    ...options,
  })
}

/** Ends the connection, then the database itself. */
export async function closePglite(db: Database, pglite: PGlite): Promise<void> {
  await db.destroy()
  await pglite.close()
}

function createPool(options: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({ Client: PreparedClient, types, pipeline: true, ...options })
  // A connection that breaks while idle is replaced by the pool; without a listener the process would end.
  pool.on('error', () => {})
  // One that breaks while somebody works with it fails that work, and tells it besides: the same holds.
  pool.on('connect', (client) => void client.on('error', () => {}))
  return pool
}

/** A client outside the pool: if it breaks, it says so with an error event, which whoever asked for it must hear. */
export function createClient(url: string): pg.Client {
  return new pg.Client({ ...addressOf(url), query_timeout: silenceMs })
}

/** A database that is asked over the connections of a pool; destroying it ends them. */
export function toDatabase(pool: pg.Pool): Database {
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
}
