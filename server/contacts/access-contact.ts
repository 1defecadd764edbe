import type { Selectable } from 'kysely'
import type { ContactsTable, Transaction } from '../database/schema.ts'
import { HiloError } from '../errors.ts'

export type ContactRow = Selectable<ContactsTable>

/**
 * The contact of this id, also one that is merged into another.
 * @throws HiloError NOT_FOUND if it is not in the organization.
 */
export async function accessContact(tx: Transaction, organizationId: string, id: string): Promise<ContactRow> {
  const contact = await tx.selectFrom('contacts').selectAll()
    .where('organization_id', '=', organizationId).where('id', '=', id).executeTakeFirst()
  return contact ?? refuseUnknown(id, 'id')
}

/**
 * The contact of this id, locked: it is neither changed nor merged by others until the transaction ends. What only
 * points at it (a message's new conversation) is not held up.
 * @throws HiloError NOT_FOUND if it is not in the organization.
 */
export async function lockContact(tx: Transaction, organizationId: string, id: string): Promise<ContactRow> {
  const contact = await tx.selectFrom('contacts').selectAll()
    .where('organization_id', '=', organizationId).where('id', '=', id).forNoKeyUpdate().executeTakeFirst()
  return contact ?? refuseUnknown(id, 'id')
}

/** The two contacts of a merge: the one of the path, and the one merged (or to be merged) into it. */
export interface MergePair {
  contactId: string
  mergedContactId: string
}

/**
 * Locks both contacts, in the order of their ids: nobody changes or merges them, and nothing new points at them, until
 * the transaction ends. What `ingest` is about to link, it links before this returns, or it sees what we did.
 * @throws HiloError NOT_FOUND if one is not in the organization.
 */
export async function lockPair(
  tx: Transaction, organizationId: string, { contactId, mergedContactId }: MergePair,
): Promise<{ contact: ContactRow, merged: ContactRow }> {
  const rows = await tx.selectFrom('contacts').selectAll()
    .where('organization_id', '=', organizationId).where('id', 'in', [contactId, mergedContactId])
    .orderBy('id').forUpdate().execute()
  const find = (id: string) => rows.find((row) => row.id === id)
  return {
    contact: find(contactId) ?? refuseUnknown(contactId, 'id'),
    merged: find(mergedContactId) ?? refuseUnknown(mergedContactId, 'contactId'),
  }
}

function refuseUnknown(id: string, field: string): never {
  throw new HiloError('NOT_FOUND', `No contact "${id}" in this organization.`, {
    field, hint: 'GET /api/contacts lists them; search finds one by name, e-mail, phone or userId.',
  })
}
