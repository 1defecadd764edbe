import { sql } from 'kysely'
import { runTransaction } from './grown-logs.ts'
import type { Database, Transaction } from './schema.ts'

/**
 * Runs `work` in one transaction that can see and write the rows of these organizations only: row-level security
 * holds even where a query forgets its `where`. Inside, use the transaction it hands over, never the database.
 */
export function inOrganizations<Result>(
  db: Database,
  organizationIds: readonly string[],
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  return runTransaction(db, async (tx) => {
    const visible = JSON.stringify(Object.fromEntries(organizationIds.map((id) => [id, 0])))
    await sql`select set_config('hilo.organization_ids', ${visible}, true)`.execute(tx)
    return work(tx)
  })
}

/** `inOrganizations` for one organization: what nearly every request needs. */
export function inOrganization<Result>(
  db: Database,
  organizationId: string,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  return inOrganizations(db, [organizationId], work)
}

/**
 * Runs `work` in one transaction with the rights of the role that connected, which sees every organization: for
 * creating organizations, for the command line and for housekeeping. Never for what a request asks.
 */
export function asOwner<Result>(db: Database, work: (tx: Transaction) => Promise<Result>): Promise<Result> {
  return runTransaction(db, async (tx) => {
    await sql`set local role none`.execute(tx)
    return work(tx)
  })
}
