import { type RawBuilder, sql } from 'kysely'
import { inOrder } from '../database/in-order.ts'
import type { Transaction } from '../database/schema.ts'
import { StaleReadError } from '../database/stale-read-error.ts'
import { runTogether, type Statement, statement } from '../database/statements.ts'
import { wantedRows } from '../database/wanted-rows.ts'
import type { AddedIdentity, ContactSet, ContactState } from './contact-set.ts'

/**
 * Contacts may have changed since they were read. The locks wait for whoever changes them, and make those wait who come
 * later: merges for each contact that a new row will point at, all other changes for those that this batch changes.
 * @throws StaleReadError if one was merged away, or has an identity now where one is to be filled in: the batch starts
 *   again and sees it.
 */
export async function assertUnchanged(
  tx: Transaction, { linked, changed, addedIdentities }: ContactSet,
): Promise<void> {
  if (linked.size === 0) return
  const checks = await runTogether(tx, [
    lockContacts([...linked].filter((contact) => !changed.has(contact)), sql`key share`),
    lockContacts([...linked].filter((contact) => changed.has(contact)), sql`no key update`),
    findNone(addedIdentities.filter(({ isFilledIn }) => isFilledIn)),
  ])
  if (checks.includes(false)) throw new StaleReadError()
}

/** @returns whether none of them is merged into another. */
function lockContacts(contacts: readonly ContactState[], strength: RawBuilder<unknown>): Statement<boolean> {
  const ids = contacts.map(({ organizationId, id }) => ({ organization_id: organizationId, id }))
  return statement(ids.length === 0 ? undefined : sql<{ merged_into_id: string | null }>`
    select c.merged_into_id
    from ${wantedRows(['organization_id', 'id'], inOrder(['organization_id', 'id'], ids))}
    cross join lateral (
      select c.merged_into_id from contacts c
      where c.organization_id = w.organization_id and c.id = w.id for ${strength}
    ) c
  `, (rows) => rows.every((row) => row.merged_into_id === null))
}

/** @returns whether these contacts have no identity of these kinds. */
function findNone(added: readonly AddedIdentity[]): Statement<boolean> {
  return statement(added.length === 0 ? undefined : sql<object>`
    select 1 as one
    from ${wantedRows(['organization_id', 'contact_id', 'kind'], added)}
    cross join lateral (
      select i.kind from contact_identities i
      where i.organization_id = w.organization_id and i.contact_id = w.contact_id and i.kind = w.kind offset 0
    ) i
  `, (rows) => rows.length === 0)
}
