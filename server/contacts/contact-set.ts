import type { Insertable } from 'kysely'
import { createId } from '../database/create-id.ts'
import { keyOf } from '../database/key-of.ts'
import type { ContactIdentitiesTable } from '../database/schema.ts'
import type { NewIdentity } from '../messages/new-message.ts'

/** A contact as the decisions of a batch see and change it. */
export interface ContactState {
  organizationId: string
  id: string
  firstName: string | null
  lastName: string | null
  mergedIntoId: string | null
  /** Kinds of identity it has; loaded only where the batch may add one, or a message names several contacts. */
  kinds: Set<string>
  isNew: boolean
}

export interface AddedIdentity extends Omit<Insertable<ContactIdentitiesTable>, 'created_at'> {
  /** The contact had none of this kind when it was read. */
  isFilledIn: boolean
}

/** The contacts that a batch of messages may concern, and what the batch changes of them. */
export interface ContactSet {
  byId: Map<string, ContactState>
  byIdentity: Map<string, ContactState>
  /** New ones, and those that gain names or identities. */
  changed: Set<ContactState>
  addedIdentities: AddedIdentity[]
  /** Contacts of before that a new row will point at, or that change: a merge must not take them away meanwhile. */
  linked: Set<ContactState>
  proposals: { organization_id: string, id: string, contact_id: string, other_contact_id: string, reason: string }[]
}

export function createContactSet(): ContactSet {
  return {
    byId: new Map(), byIdentity: new Map(), changed: new Set(), addedIdentities: [], linked: new Set(), proposals: [],
  }
}

/** The contact of this id, or the one that it was merged into. */
export function findContact(set: ContactSet, organizationId: string, id: string): ContactState | undefined {
  const contact = set.byId.get(keyOf(organizationId, id))
  return contact?.mergedIntoId ? findContact(set, organizationId, contact.mergedIntoId) : contact
}

/** A contact that is only planned: `addContact` makes it one of the batch. */
export function createContactState(organizationId: string): ContactState {
  return {
    organizationId, id: createId(), firstName: null, lastName: null, mergedIntoId: null, kinds: new Set(), isNew: true,
  }
}

export function addContact(set: ContactSet, contact: ContactState): void {
  set.byId.set(keyOf(contact.organizationId, contact.id), contact)
  set.changed.add(contact)
}

/** Makes a contact reachable by an identity, for the rest of this batch and after it. */
export function attachIdentity(
  set: ContactSet, contact: ContactState, { identity, origin }: { identity: NewIdentity, origin: string },
): void {
  const { kind, value, raw } = identity
  const isFilledIn = !contact.isNew && !contact.kinds.has(kind)
  contact.kinds.add(kind)
  set.byIdentity.set(keyOf(contact.organizationId, kind, value), contact)
  set.addedIdentities.push({
    organization_id: contact.organizationId, kind, value, contact_id: contact.id, raw, origin, isFilledIn,
  })
}

/** Notes that a row of this batch will point at the contact. */
export function linkContact(set: ContactSet, contact: ContactState): void {
  if (!contact.isNew) set.linked.add(contact)
}

/** Notes that two contacts look like one customer, for a human to decide. */
export function proposeMerge(
  set: ContactSet, contacts: readonly [ContactState, ContactState], reason: string,
): void {
  const [id, otherId] = contacts.map((contact) => contact.id).sort()
  set.proposals.push({
    organization_id: contacts[0].organizationId, id: createId(), contact_id: id!, other_contact_id: otherId!, reason,
  })
}
