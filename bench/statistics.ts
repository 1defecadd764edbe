import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Database } from '../server/database/schema.ts'
import { asOwner } from '../server/database/transactions.ts'

/** Rows from which on nobody should read a table from end to end. */
const largeRows = 10_000
const patienceMs = 240_000
/** PostgreSQL publishes what a connection did once a second, or when it has been idle for ten. */
const publishMs = 11_000

/** How many sequential scans of large tables this database has seen. */
export async function countLargeScans(db: Database): Promise<number> {
  await wait(publishMs)
  return asOwner(db, async (tx) => {
    const { rows } = await sql<{ scans: number }>`
      select coalesce(sum(seq_scan), 0)::integer as scans from pg_stat_user_tables where n_live_tup > ${largeRows}
    `.execute(tx)
    return rows[0]!.scans
  })
}

/** Waits until autovacuum has analyzed the messages and is quiet, or for four minutes. */
export async function waitForAutovacuum(db: Database): Promise<void> {
  const until = performance.now() + patienceMs
  while (performance.now() < until && !await isQuiet(db)) await wait(2000)
}

function isQuiet(db: Database): Promise<boolean> {
  return asOwner(db, async (tx) => {
    const { rows } = await sql<{ is_quiet: boolean }>`
      select (select last_autoanalyze is not null from pg_stat_user_tables where relname = 'messages')
        and not exists (select from pg_stat_activity where backend_type = 'autovacuum worker') as is_quiet
    `.execute(tx)
    return rows[0]!.is_quiet
  })
}
