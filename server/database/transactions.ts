import { CompiledQuery } from 'kysely'
import { type Ending, runTransaction } from './grown-logs.ts'
import type { Database, Transaction } from './schema.ts'
import { actAsOwner, showOrganizations } from './session.ts'

/**
 * Runs `work` in one transaction that can see and write the rows of these organizations only: row-level security
 * holds even where a query forgets its `where`. Inside, use the transaction it hands over, never the database.
 */
export function inOrganizations<Result>(
  db: Database,
  organizationIds: readonly string[],
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  return inOrganizationsEnding(db, organizationIds, waiting(work))
}

/** The same for work that ends by sending statements: the commit does not wait for their answers. */
export function inOrganizationsEnding<Result>(
  db: Database,
  organizationIds: readonly string[],
  work: (tx: Transaction) => Promise<Ending<Result>>,
): Promise<Result> {
  return runTransaction(db, async (tx) => {
    const visible = JSON.stringify(Object.fromEntries(organizationIds.map((id) => [id, 0])))
    await tx.executeQuery(CompiledQuery.raw(showOrganizations, [visible]))
    return work(tx)
  })
}

/** Work of which every answer is there before the commit. */
function waiting<Result>(work: (tx: Transaction) => Promise<Result>): (tx: Transaction) => Promise<Ending<Result>> {
  return async (tx) => ({ answered: Promise.resolve(await work(tx)) })
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
  return runTransaction(db, waiting(async (tx) => {
    await tx.executeQuery(CompiledQuery.raw(actAsOwner))
    return work(tx)
  }))
}
