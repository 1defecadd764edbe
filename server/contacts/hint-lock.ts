import { sql } from 'kysely'
import { type Statement, statement } from '../database/statements.ts'
import { wantedRows } from '../database/wanted-rows.ts'

/** The first half of the lock's key, the organization being the second: "hint" in ASCII. */
const hintLock = 0x68696e74

/**
 * Phones that hint at others enter an organization one transaction after the other, before it looks for what they hint
 * at: of two that come at once, neither would see the other's. Locks are taken in order; they end with the transaction.
 */
export function lockHints(organizationIds: readonly string[]): Statement<void> {
  const wanted = wantedRows(['organization_id'], organizationIds.map((organization_id) => ({ organization_id })))
  return statement(organizationIds.length === 0 ? undefined : sql`
    select pg_advisory_xact_lock(${sql.lit(hintLock)}, key)
    from (select distinct hashtext(w.organization_id) as key from ${wanted} order by key) keys
  `, () => {})
}
