import type { NewContactBody } from '@hilo/contract'
import { createId } from '../database/create-id.ts'
import type { Transaction } from '../database/schema.ts'
import { HiloError } from '../errors.ts'
import { recordEvents } from '../events/record-events.ts'
import type { Caller } from '../organizations/scopes.ts'
import { addIdentities } from './contact-identities.ts'
import { mergeMetadata } from '../metadata/merge-metadata.ts'
import { lockHintsOf } from './hint-lock.ts'
import { contactKeyFields, readContactKey } from './read-contact-key.ts'

/**
 * Creates a contact with at least one identity or name.
 * @returns its id.
 * @throws HiloError ALREADY_EXISTS naming the contact that has one of the identities; INVALID_ID, INVALID_REQUEST.
 */
export async function createContact(tx: Transaction, caller: Caller, body: NewContactBody): Promise<string> {
  const { organizationId, apiKeyId, defaultCountry } = caller
  const keys = contactKeyFields.flatMap((field) => readContactKey(field, body[field], defaultCountry) ?? [])
  const [firstName, lastName] = [body.firstName, body.lastName].map((name) => name?.trim() || null)
  if (keys.length === 0 && !firstName && !lastName) {
    throw new HiloError('INVALID_REQUEST', 'A contact needs an email, phoneNumber, userId, firstName or lastName.', {
      hint: 'Send at least one of them that is not empty.',
    })
  }
  const metadata = mergeMetadata({}, body.metadata ?? {})
  await lockHintsOf(tx, organizationId, keys)
  const contactId = createId()
  const now = new Date()
  await tx.insertInto('contacts').values({
    organization_id: organizationId, id: contactId, first_name: firstName, last_name: lastName,
    metadata: JSON.stringify(metadata), created_at: now, updated_at: now,
  }).execute()
  await addIdentities(tx, { organizationId, contactId, since: now }, keys)
  await recordEvents(tx, [{ organizationId, type: 'contact.created', contactId, apiKeyId }])
  return contactId
}
