import { sql } from 'kysely'
import type { Transaction } from '../database/schema.ts'
import { run, type Statement, statement } from '../database/statements.ts'
import { wantedRows } from '../database/wanted-rows.ts'
import type { ContactKey } from './read-contact-key.ts'

/** The first half of the lock's key, the organization being the second: "hint" in ASCII. */
const hintLock = 0x68696e74

/**
 * Phones that hint at others enter an organization one transaction after the other, before it looks for what they hint
 * at: of two that come at once, neither would see the other's. Locks are taken in order; they end with the transaction.
 */
export function lockHints(organizationIds: readonly string[]): Statement<void> {
  const wanted = organizationIds.map((organization_id) => ({ organization_id }))
  return statement(wanted.length === 0 ? undefined : sql`
    select pg_advisory_xact_lock(${sql.lit(hintLock)}, key)
    from (
      select distinct hashtext(w.organization_id) as key from ${wantedRows(['organization_id'], wanted)} order by key
    ) keys
  `, () => {})
}

/** The same for keys that a contact is given, before the rows of contacts are locked, as in `ingest`. */
export async function lockHintsOf(
  tx: Transaction, organizationId: string, keys: readonly (ContactKey | undefined)[],
): Promise<void> {
  if (keys.some((key) => key?.hints?.length)) await run(tx, lockHints([organizationId]))
}
