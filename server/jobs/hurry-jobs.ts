import { sql } from 'kysely'
import type { Transaction } from '../database/schema.ts'
import { jobSchema } from './start-jobs.ts'

const jobTable = sql.table(`${jobSchema}.job`)

/**
 * Lets the jobs with these singleton keys that wait for their time begin now, as long after it as before they are kept.
 * One statement however many: pg-boss hurries one key at a time. In a transaction of the owner.
 */
export async function hurryJobs(tx: Transaction, queue: string, singletonKeys: readonly string[]): Promise<void> {
  if (singletonKeys.length === 0) return
  await sql`
    with waiting as (
      select id from ${jobTable}
      where name = ${queue} and singleton_key = any(${singletonKeys}::text[]) and state < 'active' and start_after > now()
      order by singleton_key
      for no key update
    )
    update ${jobTable} j set start_after = now(), keep_until = now() + (j.keep_until - j.start_after)
    from waiting where j.name = ${queue} and j.id = waiting.id
  `.execute(tx)
}
