import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { closePglite, createPglitePool, toDatabase } from '../../database/connections.ts'
import { lockDataFolder } from '../../database/data-folder-lock.ts'
import type { Database } from '../../database/schema.ts'

/** A database opened to be looked at, as the role that connects. */
export interface Opened {
  db: Database
  close(): Promise<void>
}

/** Opens a PostgreSQL as it is: nothing is migrated. One connection, so that what is set for it holds. */
export function openPostgresUnchanged(url: string): Opened {
  const pool = new pg.Pool({ connectionString: url, max: 1, connectionTimeoutMillis: 5000, application_name: 'hilo doctor' })
  // A broken connection shows in the next query; without a listener the process would end.
  pool.on('error', () => {})
  const db = toDatabase(pool)
  return { db, close: () => db.destroy() }
}

/** Opens an embedded database that is there already, as it is. @throws StartError if another process has it open. */
export async function openEmbeddedUnchanged(dataDir: string): Promise<Opened> {
  const unlock = lockDataFolder(dataDir)
  try {
    const pglite = await PGlite.create(join(dataDir, 'pglite'))
    const db = toDatabase(createPglitePool(pglite))
    return { db, close: () => closePglite(db, pglite).finally(unlock) }
  } catch (error) {
    unlock()
    throw error
  }
}
