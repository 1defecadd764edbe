import { isDeepStrictEqual } from 'node:util'
import type { ContactChangeBody } from '@hilo/contract'
import type { Transaction } from '../database/schema.ts'
import { HiloError } from '../errors.ts'
import { recordEvents } from '../events/record-events.ts'
import type { Caller } from '../organizations/scopes.ts'
import { type ContactRow, lockContact } from './access-contact.ts'
import { addIdentities, type IdentityRow, loadIdentities } from './contact-identities.ts'
import { describeUnmerge } from './contact-merge.ts'
import { mergeMetadata } from '../metadata/merge-metadata.ts'
import { lockHintsOf } from './hint-lock.ts'
import { type ContactKey, type ContactKeyField, kindOfField, readContactKey } from './read-contact-key.ts'

/**
 * Changes a contact: names, metadata (merged), and the identities shown as `email`, `phoneNumber` and `userId`: each is
 * replaced, or removed with `null`. What is absent or `""` stays. Its other identities of that kind stay too.
 * @throws HiloError NOT_FOUND; MERGE_CONFLICT if it is merged into another; ALREADY_EXISTS naming the contact that has
 *   an identity; INVALID_ID, INVALID_REQUEST.
 */
export async function changeContact(
  tx: Transaction, caller: Caller, { id, change }: { id: string, change: ContactChangeBody },
): Promise<void> {
  const { organizationId, apiKeyId } = caller
  const wanted = readKeyChanges(change, caller.defaultCountry)
  await lockHintsOf(tx, organizationId, wanted.map(({ key }) => key))
  const contact = await lockContact(tx, organizationId, id)
  assertNotMerged(contact)
  const identities = (await loadIdentities(tx, organizationId, [id])).get(id)!
  const changed = [...await changeRow(tx, contact, change)]
  for (const keyChange of wanted) {
    if (await changeKey(tx, { contact, identities }, keyChange)) changed.push(keyChange.field)
  }
  if (changed.length === 0) return
  await tx.updateTable('contacts').set({ updated_at: new Date() })
    .where('organization_id', '=', organizationId).where('id', '=', id).execute()
  await recordEvents(tx, [{ organizationId, type: 'contact.updated', contactId: id, data: { changed }, apiKeyId }])
}

function assertNotMerged({ id, merged_into_id }: ContactRow): void {
  if (merged_into_id === null) return
  throw new HiloError('MERGE_CONFLICT', `Contact ${id} is merged into contact ${merged_into_id}; it cannot be changed.`, {
    field: 'id',
    hint: `Change contact ${merged_into_id}, or undo the merge first: ${describeUnmerge(merged_into_id, id)}.`,
  })
}

interface KeyChange {
  field: ContactKeyField
  /** Undefined: remove the one that is there. */
  key: ContactKey | undefined
}

/** In the order of the kinds' names, as `addIdentities` writes them. */
function readKeyChanges(change: ContactChangeBody, defaultCountry: string | undefined): KeyChange[] {
  return (['email', 'phoneNumber', 'userId'] as const).flatMap((field): KeyChange[] => {
    if (change[field] === null) return [{ field, key: undefined }]
    const key = readContactKey(field, change[field], defaultCountry)
    return key ? [{ field, key }] : []
  })
}

/** Names and metadata. @returns the fields that changed. */
async function changeRow(tx: Transaction, contact: ContactRow, change: ContactChangeBody): Promise<string[]> {
  const firstName = changeName(contact.first_name, change.firstName)
  const lastName = changeName(contact.last_name, change.lastName)
  const metadata = mergeMetadata(contact.metadata, change.metadata ?? {})
  const changed = [
    ...(firstName === contact.first_name ? [] : ['firstName']),
    ...(lastName === contact.last_name ? [] : ['lastName']),
    ...(isDeepStrictEqual(metadata, contact.metadata) ? [] : ['metadata']),
  ]
  if (changed.length === 0) return changed
  await tx.updateTable('contacts')
    .set({ first_name: firstName, last_name: lastName, metadata: JSON.stringify(metadata) })
    .where('organization_id', '=', contact.organization_id).where('id', '=', contact.id).execute()
  return changed
}

function changeName(name: string | null, change: string | null | undefined): string | null {
  return change === null ? null : change?.trim() || name
}

interface KnownContact {
  contact: ContactRow
  identities: readonly IdentityRow[]
}

/** The new identity takes the place of the one shown. @returns whether anything changed. */
async function changeKey(
  tx: Transaction, { contact, identities }: KnownContact, { field, key }: KeyChange,
): Promise<boolean> {
  const { organization_id: organizationId, id: contactId } = contact
  const kind = kindOfField[field]
  const shown = identities.find((identity) => identity.kind === kind)
  if (shown?.value === key?.value) return false
  const outdated = [shown, key].flatMap((one) => one?.value ?? [])
  await tx.deleteFrom('contact_identities')
    .where('organization_id', '=', organizationId).where('kind', '=', kind).where('value', 'in', outdated)
    .where('contact_id', '=', contactId).execute()
  if (key) await addIdentities(tx, { organizationId, contactId, since: shown?.created_at ?? new Date() }, [key])
  return true
}
