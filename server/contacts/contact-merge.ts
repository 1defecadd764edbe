import type { Metadata } from '../database/schema.ts'
import { HiloError } from '../errors.ts'
import type { ContactRow } from './access-contact.ts'

/** Exactly what a merge moved and filled in, as `contact_merges.moved` keeps it for the way back. */
export interface Moved {
  identities: MovedIdentity[]
  conversationIds: string[]
  filled: FilledFields
}

export interface MovedIdentity {
  kind: string
  value: string
  /** Since when the merged contact had it; ISO 8601 with microseconds. */
  createdAt: string
  /** Since when the other one has it: an identity with another time was taken away and given anew. */
  movedAt: string
}

/** What the merged contact had and the other one lacked. */
export interface FilledFields {
  firstName?: string
  lastName?: string
  metadata: Metadata
}

/** How to take a contact out of the one that it is merged into. */
export function describeUnmerge(contactId: string, mergedContactId: string): string {
  return `POST /api/contacts/${contactId}/unmerge with {"contactId": "${mergedContactId}"}`
}

/** @throws HiloError MERGE_CONFLICT unless both contacts stand for themselves. */
export function assertMergeable(contact: ContactRow, other: ContactRow): void {
  if (contact.id === other.id) {
    throw new HiloError('MERGE_CONFLICT', `Contact ${contact.id} cannot be merged with itself.`, {
      field: 'contactId', hint: 'Send the id of the other contact.',
    })
  }
  if (other.merged_into_id === contact.id) {
    throw new HiloError('MERGE_CONFLICT', `Contact ${other.id} is merged into contact ${contact.id} already.`, {
      field: 'contactId', hint: 'Nothing is left to do.',
    })
  }
  assertNotMerged(contact, 'id')
  assertNotMerged(other, 'contactId')
}

function assertNotMerged({ id, merged_into_id }: ContactRow, field: string): void {
  if (merged_into_id === null) return
  throw new HiloError('MERGE_CONFLICT', `Contact ${id} is merged into contact ${merged_into_id}.`, {
    field, hint: `Name contact ${merged_into_id} instead, or undo that merge first: ${describeUnmerge(merged_into_id, id)}.`,
  })
}

/**
 * Merges are undone in reverse order: where the contact itself was merged further, that comes first.
 * @throws HiloError MERGE_CONFLICT unless `merged` is merged into `contact`, and `contact` stands for itself.
 */
export function assertUnmergeable(contact: ContactRow, merged: ContactRow): void {
  if (merged.merged_into_id !== contact.id) throw refuseNotMerged(contact, merged)
  if (contact.merged_into_id === null) return
  throw new HiloError(
    'MERGE_CONFLICT',
    `Contact ${contact.id} is itself merged into contact ${contact.merged_into_id}: undo that merge first.`,
    { field: 'id', hint: `${describeUnmerge(contact.merged_into_id, contact.id)}; then send this again.` },
  )
}

function refuseNotMerged(contact: ContactRow, { id, merged_into_id }: ContactRow): HiloError {
  if (merged_into_id === null) {
    return new HiloError('MERGE_CONFLICT', `Contact ${id} is not merged into another.`, {
      field: 'contactId', hint: `mergedContacts of GET /api/contacts/${contact.id} lists what can be taken out of it.`,
    })
  }
  return new HiloError('MERGE_CONFLICT', `Contact ${id} is merged into contact ${merged_into_id}, not into ${contact.id}.`, {
    field: 'id', hint: `${describeUnmerge(merged_into_id, id)}.`,
  })
}
