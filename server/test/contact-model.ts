import { isDeepStrictEqual } from 'node:util'

/** The keys of a contact, in the order in which a message's are looked at. */
export const keyFields = ['userId', 'email', 'phoneNumber'] as const
export type KeyField = (typeof keyFields)[number]
export type Keys = { [Field in KeyField]?: string }

/** Something that a contact is found by. A key that replaces another takes its slot; one that moves gets a new slot. */
interface Identity {
  field: KeyField
  value: string
  slot: number
}

interface ModelContact {
  id: string
  firstName: string | null
  metadata: Record<string, unknown>
  mergedInto: ModelContact | null
  identities: Identity[]
  conversations: Set<string>
}

interface Merge {
  contact: ModelContact
  merged: ModelContact
  before: Identity[]
  after: Identity[]
  conversations: string[]
  firstName: string | null
  metadata: Record<string, unknown>
}

interface Said {
  keys: Keys
  firstName?: string
  /** Id of the conversation that it was recorded in. */
  conversation: string
}

/** Contacts as they ought to be, told in memory: who has which identity and conversation. */
export class ContactModel {
  readonly contacts: ModelContact[] = []
  #merges: Merge[] = []
  #slot = 0

  #follow(contact: ModelContact): ModelContact {
    return contact.mergedInto ? this.#follow(contact.mergedInto) : contact
  }

  #owner(field: KeyField, value: string): ModelContact | undefined {
    return this.contacts.find(({ identities }) => identities.some((one) => one.field === field && one.value === value))
  }

  #add(contact: ModelContact, field: KeyField, value: string): void {
    contact.identities.push({ field, value, slot: this.#slot++ })
  }

  /** Whom a message with these keys in this conversation concerns; undefined: somebody new, or nobody without keys. */
  find(keys: Keys, conversation: string | undefined, contact?: ModelContact): ModelContact | undefined {
    if (contact) return this.#follow(contact)
    const byKey = keyFields.flatMap((field) => keys[field] === undefined ? [] : this.#owner(field, keys[field]) ?? [])
    return byKey[0] ?? this.contacts.find(({ conversations }) => conversation && conversations.has(conversation))
  }

  /** A message was recorded: gaps are filled in, nothing is overwritten, a conversation keeps its contact. */
  say(contact: ModelContact, { keys, firstName, conversation }: Said): void {
    for (const field of keyFields) {
      const value = keys[field]
      const isFree = value !== undefined && !this.#owner(field, value)
      if (isFree && !contact.identities.some((one) => one.field === field)) this.#add(contact, field, value)
    }
    contact.firstName ??= firstName ?? null
    const isNobodys = !this.contacts.some(({ conversations }) => conversations.has(conversation))
    if (isNobodys) contact.conversations.add(conversation)
  }

  /** Undefined: another contact has one of the keys. */
  create(keys: Keys, { firstName, metadata = {} }: { firstName?: string, metadata?: Record<string, unknown> }) {
    if (keyFields.some((field) => keys[field] !== undefined && this.#owner(field, keys[field]))) return undefined
    const contact: ModelContact = {
      id: '', firstName: firstName ?? null, metadata, mergedInto: null, identities: [], conversations: new Set(),
    }
    for (const field of keyFields) if (keys[field] !== undefined) this.#add(contact, field, keys[field])
    this.contacts.push(contact)
    return contact
  }

  /** Sets or removes the first identity of a kind. False: it is merged, or another contact has the value. */
  change(contact: ModelContact, field: KeyField, value: string | null): boolean {
    if (contact.mergedInto) return false
    const shown = contact.identities.find((one) => one.field === field)
    if (value !== null && ![undefined, contact].includes(this.#owner(field, value))) return false
    if (shown?.value === value) return true
    const others = contact.identities.filter((one) => one.field === field && one !== shown && one.value !== value)
    const changed = value === null ? [] : [{ field, value, slot: shown?.slot ?? this.#slot++ }]
    contact.identities = [...contact.identities.filter((one) => one.field !== field), ...changed, ...others]
    return true
  }

  merge(contact: ModelContact, merged: ModelContact): boolean {
    if (contact === merged || contact.mergedInto || merged.mergedInto) return false
    const gaps = Object.entries(merged.metadata).filter(([key]) => !(key in contact.metadata))
    const merge: Merge = {
      contact,
      merged,
      before: merged.identities,
      after: merged.identities.map((one) => ({ ...one, slot: this.#slot++ })),
      conversations: [...merged.conversations],
      firstName: contact.firstName === null ? merged.firstName : null,
      metadata: Object.fromEntries(gaps),
    }
    contact.identities = [...contact.identities, ...merge.after]
    for (const conversation of merge.conversations) contact.conversations.add(conversation)
    contact.firstName ??= merge.firstName
    contact.metadata = { ...contact.metadata, ...merge.metadata }
    Object.assign(merged, { identities: [], conversations: new Set(), mergedInto: contact })
    this.#merges.push(merge)
    return true
  }

  unmerge(contact: ModelContact, merged: ModelContact): boolean {
    if (merged.mergedInto !== contact || contact.mergedInto) return false
    const merge = this.#merges.findLast((one) => one.contact === contact && one.merged === merged)!
    const isBack = merge.after.map((one) => contact.identities.some((kept) => isDeepStrictEqual(kept, one)))
    merged.identities = merge.before.filter((_, index) => isBack[index])
    contact.identities = contact.identities.filter((kept) => !merge.after.some((one) => isDeepStrictEqual(kept, one)))
    for (const conversation of merge.conversations) {
      contact.conversations.delete(conversation)
      merged.conversations.add(conversation)
    }
    if (contact.firstName === merge.firstName) contact.firstName = null
    const left = Object.entries(contact.metadata).filter(([key, value]) => merge.metadata[key] !== value)
    contact.metadata = Object.fromEntries(left)
    merged.mergedInto = null
    return true
  }
}
