import type { PGlite } from '@electric-sql/pglite'
import type { Executor } from '../jobs/start-jobs.ts'
import type { Database } from './schema.ts'

/**
 * The embedded database for statements that bring their own transactions and need the owner's rights. It has a single
 * connection, which serves requests as `hilo_app`: Kysely hands it over, so that nothing else comes in between, and the
 * role is back before anybody else gets it.
 */
export function ownPglite(db: Database, pglite: PGlite): Executor {
  return {
    executeSql: (text, values) => db.connection().execute(async () => {
      await pglite.exec('set role none')
      try {
        return await run(pglite, text, values)
      } catch (error) {
        await pglite.exec('rollback') // of a transaction that the text began; without one it does nothing
        throw error
      } finally {
        await pglite.exec('set role hilo_app')
      }
    }),
  }
}

/** Several statements in one text are possible without values only. */
async function run(pglite: PGlite, text: string, values: unknown[] = []): Promise<{ rows: unknown[] }> {
  if (values.length > 0) return pglite.query(text, values)
  const results = await pglite.exec(text)
  return { rows: results.flatMap(({ rows }) => rows) }
}
