import { sql } from 'kysely'
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from './config.ts'
import type { OpenDatabase } from './database/open.ts'
import { sessionSettings } from './database/session.ts'
import { asOwner } from './database/transactions.ts'
import { removeOldEvents } from './events/remove-old-events.ts'
import { removeOutdatedAnswers } from './messages/repeats.ts'
import { cleanWebhooks } from './webhooks/clean-webhooks.ts'

const firstAfterMs = 60_000
const everyMs = 3_600_000

/**
 * What has to be done from time to time: a minute after the start, then every hour. It fails without harm: the next
 * round does it.
 * @returns a function that stops it, waiting for a round that runs.
 */
export function keepHouse(
  database: OpenDatabase, config: Config, log: Pick<FastifyBaseLogger, 'warn'>,
): () => Promise<void> {
  let round: Promise<void> | undefined
  const start = () => {
    round = clean(database, config).catch((error: unknown) => log.warn({ err: error }, 'housekeeping failed'))
  }
  const first = setTimeout(start, firstAfterMs)
  const hourly = setInterval(start, everyMs)
  first.unref()
  hourly.unref()
  return async () => {
    clearTimeout(first)
    clearInterval(hourly)
    await round
  }
}

/** One round. */
export async function clean(
  { db, kind }: Pick<OpenDatabase, 'db' | 'kind'>, { eventRetentionDays }: Pick<Config, 'eventRetentionDays'>,
): Promise<void> {
  await asOwner(db, removeOutdatedAnswers)
  await cleanWebhooks(db, eventRetentionDays)
  await removeOldEvents(db, eventRetentionDays)
  if (kind === 'pglite') await vacuum(db)
}

/** A PostgreSQL server does this by itself; the embedded one has no background processes. */
function vacuum(db: OpenDatabase['db']): Promise<void> {
  return db.connection().execute(async (connection) => {
    await sql`set role none`.execute(connection)
    try {
      await sql`vacuum (analyze)`.execute(connection)
    } finally {
      await sql.raw(sessionSettings).execute(connection)
    }
  })
}
