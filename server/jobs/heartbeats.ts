import { sql } from 'kysely'
import type { JobAttempt } from 'pg-boss'
import type { Database } from '../database/schema.ts'
import { asOwner } from '../database/transactions.ts'
import { jobTable } from './start-jobs.ts'

/** Jobs that are found in one statement. */
const maxFound = 1_000

/**
 * Notes that jobs of a queue are still worked on. pg-boss can note it too, but does not tell of which.
 * @returns the ids of those that are still the caller's: nobody else has taken them over.
 */
export function renewJobs(db: Database, queue: string, jobs: readonly JobAttempt[]): Promise<Set<string>> {
  const attempts = JSON.stringify(jobs.map(({ id, retryCount }) => ({ id, attempt: retryCount })))
  return asOwner(db, async (tx) => {
    const { rows } = await sql<{ id: string }>`
      update ${jobTable} j set heartbeat_on = now()
      from json_to_recordset(${attempts}::json) as own(id uuid, attempt integer)
      where j.name = ${queue} and j.id = own.id and j.retry_count = own.attempt and j.state = 'active'
      returning j.id
    `.execute(tx)
    return new Set(rows.map(({ id }) => id))
  })
}

/** Jobs of a queue that were begun, and neither finished nor renewed for so long. All of them must have a group. */
export function findLapsedJobs(db: Database, queue: string, afterMs: number): Promise<JobAttempt[]> {
  return asOwner(db, async (tx) => {
    // The condition on the group is that of an index.
    const { rows } = await sql<JobAttempt>`
      select id, retry_count as "retryCount" from ${jobTable}
      where name = ${queue} and state = 'active' and group_id is not null
        and heartbeat_on < now() - make_interval(secs => ${afterMs / 1000})
      limit ${maxFound}
    `.execute(tx)
    return rows
  })
}
