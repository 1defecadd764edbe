import { type RawBuilder, sql } from 'kysely'
import type { ConversationSet } from '../conversations/conversation-set.ts'
import { keyOf } from '../database/key-of.ts'
import type { Transaction } from '../database/schema.ts'
import { run, type Statement, statement } from '../database/statements.ts'
import { wantedRows } from '../database/wanted-rows.ts'
import type { NewMessage } from '../messages/new-message.ts'
import { type ContactSet, type ContactState, createContactSet } from './contact-set.ts'
import { lockHints } from './hint-lock.ts'

/** Every contact that these messages name by an identity. */
export function readNamedContacts(incoming: readonly NewMessage[]): Statement<ContactSet> {
  return statement(selectByIdentity(collectIdentities(incoming)), (rows) => {
    const set = createContactSet()
    addFound(set, rows)
    return set
  })
}

/**
 * Adds those contacts at which a phone hints that nobody has.
 * @returns two statements: with `lock`, the first sees to it that the second misses nobody who is written just now.
 */
export function readHintedContacts(
  set: ContactSet, incoming: readonly NewMessage[], { lock }: { lock: boolean },
): [Statement<void>, Statement<void>] {
  const hints = collectHints(set, incoming)
  return [
    lockHints(lock ? hints.map((hint) => hint.organization_id) : []),
    statement(selectByIdentity(hints), (rows) => addFound(set, rows)),
  ]
}

/**
 * Adds those contacts that messages name by their id or by their conversation.
 * @returns those that they were merged into, as far as they are not known.
 */
export function readLinkedContacts(
  set: ContactSet, incoming: readonly NewMessage[], conversations: ConversationSet,
): Statement<ContactId[]> {
  if (incoming.every(({ answers }) => answers)) return readStates(set, []) // answers name nobody
  return readStates(set, [
    ...incoming.flatMap(({ organizationId, contact: { contactId } }) => (
      contactId === undefined ? [] : [{ organization_id: organizationId, id: contactId }]
    )),
    ...[...conversations.byId.values()].flatMap(({ organizationId, contactId }) => (
      contactId === null ? [] : [{ organization_id: organizationId, id: contactId }]
    )),
  ])
}

/**
 * Adds those contacts that others were merged into, and what kinds of identity all of them have, where a message may
 * add one or names several contacts.
 */
export async function completeContacts(
  tx: Transaction, set: ContactSet, { incoming, merged }: { incoming: readonly NewMessage[], merged: ContactId[] },
): Promise<void> {
  for (let left = merged; left.length > 0;) left = await run(tx, readStates(set, left))
  if (incoming.some((message) => needsKinds(set, message))) await run(tx, readKinds(set))
}

function needsKinds(set: ContactSet, message: NewMessage): boolean {
  const named = collectIdentities([message]).map((identity) => findByIdentity(set, identity))
  return named.some((contact) => contact === undefined || contact !== named[0])
}

interface ContactId {
  organization_id: string
  id: string
}

function addFound(set: ContactSet, found: readonly FoundContact[]): void {
  for (const { kind, value, ...row } of found) {
    const contact = addState(set, row)
    set.byIdentity.set(keyOf(contact.organizationId, kind, value), contact)
  }
}

function findByIdentity(set: ContactSet, { organization_id, kind, value }: WantedIdentity): ContactState | undefined {
  return set.byIdentity.get(keyOf(organization_id, kind, value))
}

function addState(set: ContactSet, row: Omit<ContactState, 'kinds'>): ContactState {
  const key = keyOf(row.organizationId, row.id)
  const contact = set.byId.get(key) ?? { ...row, kinds: new Set() }
  set.byId.set(key, contact)
  return contact
}

interface WantedIdentity {
  organization_id: string
  kind: string
  value: string
}

function collectIdentities(incoming: readonly NewMessage[]): WantedIdentity[] {
  return incoming.flatMap(({ organizationId, contact }) => (
    contact.identities.map(({ kind, value }) => ({ organization_id: organizationId, kind, value }))
  ))
}

/** What phones that nobody has hint at: of one that somebody has, it was settled when it was added. */
function collectHints(set: ContactSet, incoming: readonly NewMessage[]): WantedIdentity[] {
  return incoming.flatMap(({ organizationId: organization_id, contact }) => (
    contact.identities.filter((identity) => !findByIdentity(set, { organization_id, ...identity }))
      .flatMap(({ hints = [] }) => hints.map((value) => ({ organization_id, kind: 'phone', value })))
  ))
}

const stateColumns = sql`
  c.organization_id as "organizationId", c.id, c.first_name as "firstName", c.last_name as "lastName",
  c.merged_into_id as "mergedIntoId", false as "isNew"
`

type FoundContact = Omit<ContactState, 'kinds'> & { kind: string, value: string }

/** An identity is never that of a contact that was merged away: the merge took it along. */
function selectByIdentity(wanted: WantedIdentity[]): RawBuilder<FoundContact> | undefined {
  if (wanted.length === 0) return undefined
  return sql<FoundContact>`
    select w.kind, w.value, ${stateColumns}
    from ${wantedRows(['organization_id', 'kind', 'value'], wanted)}
    cross join lateral (
      select i.contact_id from contact_identities i
      where i.organization_id = w.organization_id and i.kind = w.kind and i.value = w.value offset 0
    ) i
    cross join lateral (
      select c.* from contacts c where c.organization_id = w.organization_id and c.id = i.contact_id offset 0
    ) c
  `
}

/** Adds contacts. @returns those that they were merged into, as far as they are not known. */
function readStates(set: ContactSet, ids: ContactId[]): Statement<ContactId[]> {
  const isMissing = ({ organization_id, id }: ContactId) => !set.byId.has(keyOf(organization_id, id))
  const missing = ids.filter(isMissing)
  return statement(missing.length === 0 ? undefined : sql<Omit<ContactState, 'kinds'>>`
    select ${stateColumns}
    from ${wantedRows(['organization_id', 'id'], missing)}
    cross join lateral (
      select c.* from contacts c where c.organization_id = w.organization_id and c.id = w.id offset 0
    ) c
  `, (rows) => {
    for (const row of rows) addState(set, row)
    return rows.flatMap(({ organizationId, mergedIntoId }) => (
      mergedIntoId === null ? [] : [{ organization_id: organizationId, id: mergedIntoId }]
    )).filter(isMissing)
  })
}

function readKinds(set: ContactSet): Statement<void> {
  const ids = [...set.byId.values()].map(({ organizationId, id }) => ({ organization_id: organizationId, id }))
  return statement(ids.length === 0 ? undefined : sql<{ organization_id: string, contact_id: string, kind: string }>`
    select w.organization_id, w.id as contact_id, i.kind
    from ${wantedRows(['organization_id', 'id'], ids)}
    cross join lateral (
      select i.kind from contact_identities i
      where i.organization_id = w.organization_id and i.contact_id = w.id offset 0
    ) i
  `, (rows) => {
    for (const row of rows) set.byId.get(keyOf(row.organization_id, row.contact_id))!.kinds.add(row.kind)
  })
}
