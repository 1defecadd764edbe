import { sql } from 'kysely'
import { asOwner } from '../../server/database/transactions.ts'
import { openPlace, type Place } from '../databases.ts'
import type { Tenant } from '../workload.ts'

/** A line of the log. */
export interface LoggedEvent {
  seq: number
  /** Its `timestamp`, in milliseconds since 1970: just before it is written and committed. */
  atMs: number
  /** When PostgreSQL began to write the commit to disk; the embedded database does not say: the `timestamp`. */
  committedAtMs: number
  conversationId: string | null
}

type EventLine = LoggedEvent & { organizationId: string }

const committedAt = sql`case when current_setting('track_commit_timestamp')::boolean
  then pg_xact_commit_timestamp(xmin) else created_at end`

/** The log of each tenant's organization, by `seq`. No server may run on an embedded database meanwhile. */
export async function readLogs(place: Place, tenants: readonly Tenant[]): Promise<Map<number, LoggedEvent>[]> {
  const { db, close } = await openPlace(place)
  try {
    const { rows } = await asOwner(db, (tx) => sql<EventLine>`
      select organization_id as "organizationId", seq, extract(epoch from created_at)::float8 * 1000 as "atMs",
        extract(epoch from ${committedAt})::float8 * 1000 as "committedAtMs", conversation_id as "conversationId"
      from events order by organization_id, seq
    `.execute(tx))
    const logs = new Map(tenants.map(({ organizationId }) => [organizationId, new Map<number, LoggedEvent>()]))
    for (const { organizationId, ...event } of rows) logs.get(organizationId)!.set(event.seq, event)
    return [...logs.values()]
  } finally {
    await close()
  }
}
