import type { Selectable } from 'kysely'
import type { ContactIdentitiesTable, Transaction } from '../database/schema.ts'
import { StaleReadError } from '../database/stale-read-error.ts'
import { HiloError } from '../errors.ts'
import { proposeHinted } from './propose-hinted.ts'
import type { ContactKey } from './read-contact-key.ts'

export type IdentityRow = Selectable<ContactIdentitiesTable>

/** The identities of these contacts, by contact; those that a contact has had longest come first. */
export async function loadIdentities(
  tx: Transaction, organizationId: string, contactIds: readonly string[],
): Promise<Map<string, IdentityRow[]>> {
  const byContact = new Map<string, IdentityRow[]>(contactIds.map((id) => [id, []]))
  if (contactIds.length === 0) return byContact
  const rows = await tx.selectFrom('contact_identities').selectAll()
    .where('organization_id', '=', organizationId).where('contact_id', 'in', contactIds)
    .orderBy('created_at').orderBy('kind').orderBy('value').execute()
  for (const row of rows) byContact.get(row.contact_id)!.push(row)
  return byContact
}

interface Owner {
  organizationId: string
  contactId: string
  /** Since when the contact has them. */
  since: Date
}

/**
 * Gives a contact identities; the unique key decides who has one. They go in a fixed order, so that two callers with
 * the same ones never wait for each other. Whoever has another writing of a phone may be the same customer: proposed.
 * @throws HiloError ALREADY_EXISTS naming the contact that has one of them.
 */
export async function addIdentities(
  tx: Transaction, { organizationId, contactId, since }: Owner, keys: readonly ContactKey[],
): Promise<void> {
  if (keys.length === 0) return
  const rows = keys.map(({ kind, value, raw }) => ({
    organization_id: organizationId, kind, value, contact_id: contactId, raw, origin: 'api', created_at: since,
  })).sort((a, b) => (a.kind < b.kind ? -1 : 1))
  const added = await tx.insertInto('contact_identities').values(rows)
    .onConflict((conflict) => conflict.columns(['organization_id', 'kind', 'value']).doNothing())
    .returning('kind').execute()
  const taken = keys.find((key) => !added.some((row) => row.kind === key.kind))
  if (taken) throw await createConflict(tx, organizationId, taken)
  await proposeHinted(tx, { organizationId, contactId }, keys)
}

async function createConflict(tx: Transaction, organizationId: string, key: ContactKey): Promise<Error> {
  const { field, kind, value } = key
  const owner = await tx.selectFrom('contact_identities').select('contact_id')
    .where('organization_id', '=', organizationId).where('kind', '=', kind).where('value', '=', value)
    .executeTakeFirst()
  if (!owner) return new StaleReadError() // given back since
  return new HiloError('ALREADY_EXISTS', `Contact ${owner.contact_id} has the ${field} "${value}" already.`, {
    field, hint: 'Change that contact, or merge the two if they are one customer.',
  })
}
