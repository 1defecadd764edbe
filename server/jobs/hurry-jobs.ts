import { sql } from 'kysely'
import type { Transaction } from '../database/schema.ts'
import { jobTable } from './start-jobs.ts'

/** Which jobs, and the group without a tier that they belong to from now on. */
export interface Hurried {
  singletonKey: string
  groupId: string
}

/**
 * Lets jobs that wait for their time begin now, as long after it as before they are kept. One statement however many:
 * pg-boss hurries one key at a time. In a transaction of the owner.
 */
export async function hurryJobs(tx: Transaction, queue: string, hurried: readonly Hurried[]): Promise<void> {
  if (hurried.length === 0) return
  await sql`
    with waiting as (
      select id, singleton_key from ${jobTable}
      where name = ${queue} and singleton_key = any(${hurried.map(({ singletonKey }) => singletonKey)}::text[])
        and state < 'active' and (start_after > now() or group_tier is not null)
      order by singleton_key
      for no key update
    )
    update ${jobTable} j
    set start_after = now(), keep_until = now() + (j.keep_until - j.start_after), group_id = h."groupId", group_tier = null
    from waiting join json_to_recordset(${JSON.stringify(hurried)}::json) as h("singletonKey" text, "groupId" text)
      on h."singletonKey" = waiting.singleton_key
    where j.name = ${queue} and j.id = waiting.id
  `.execute(tx)
}
