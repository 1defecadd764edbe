import { isDeepStrictEqual } from 'node:util'
import { type Selectable, sql } from 'kysely'
import type { ContactMergesTable, Metadata, Transaction } from '../database/schema.ts'
import { recordEvents } from '../events/record-events.ts'
import { recordAudit } from '../organizations/audit.ts'
import type { Caller } from '../organizations/scopes.ts'
import { type ContactRow, lockPair, type MergePair } from './access-contact.ts'
import { assertUnmergeable, type FilledFields, type Moved, type MovedIdentity } from './contact-merge.ts'

/**
 * Undoes a merge: what it moved goes back, as far as the contact still has it; what it filled in is removed, unless it
 * was changed since. What was recorded after the merge stays where it is.
 * @throws HiloError NOT_FOUND; MERGE_CONFLICT if there is no such merge, or the contact itself was merged further.
 */
export async function unmergeContacts(tx: Transaction, caller: Caller, pair: MergePair): Promise<void> {
  const { organizationId } = caller
  const planned = await findMerge(tx, organizationId, pair)
  if (planned) await lockConversations(tx, planned)
  const { contact, merged } = await lockPair(tx, organizationId, pair)
  assertUnmergeable(contact, merged)
  const merge = (await findMerge(tx, organizationId, pair))!
  const moved = merge.moved as Moved
  const undoing: Undoing = { contact, merged, at: new Date() }
  await returnIdentities(tx, undoing, moved.identities)
  const conversationIds = await returnConversations(tx, undoing, moved.conversationIds)
  await takeOut(tx, undoing, moved.filled)
  await markUnmerged(tx, undoing)
  await recordUnmerge(tx, caller, { merge, conversationIds, at: undoing.at })
}

type MergeRow = Selectable<ContactMergesTable>

function findMerge(
  tx: Transaction, organizationId: string, { contactId, mergedContactId }: MergePair,
): Promise<MergeRow | undefined> {
  return tx.selectFrom('contact_merges').selectAll()
    .where('organization_id', '=', organizationId).where('merged_contact_id', '=', mergedContactId)
    .where('contact_id', '=', contactId).where('undone_at', 'is', null).executeTakeFirst()
}

/** Before the contacts, in the order of their ids, as in `merge-contacts.ts`. */
async function lockConversations(tx: Transaction, merge: MergeRow): Promise<void> {
  await sql`
    select from conversations
    where organization_id = ${merge.organization_id} and id = any(${(merge.moved as Moved).conversationIds}::text[])
    order by id for no key update
  `.execute(tx)
}

/** Both contacts, locked, and the moment of the change. */
interface Undoing {
  contact: ContactRow
  merged: ContactRow
  at: Date
}

async function returnIdentities(tx: Transaction, { contact, merged }: Undoing, moved: MovedIdentity[]): Promise<void> {
  await sql`
    update contact_identities i set contact_id = ${merged.id}, created_at = w."createdAt"
    from json_to_recordset(${JSON.stringify(moved)}::json)
      as w(kind text, value text, "createdAt" timestamptz, "movedAt" timestamptz)
    where i.organization_id = ${contact.organization_id} and i.kind = w.kind and i.value = w.value
      and i.contact_id = ${contact.id} and i.created_at = w."movedAt"
  `.execute(tx)
}

async function returnConversations(
  tx: Transaction, { contact, merged, at }: Undoing, ids: string[],
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    update conversations set contact_id = ${merged.id}, updated_at = ${at}
    where organization_id = ${contact.organization_id} and id = any(${ids}::text[]) and contact_id = ${contact.id}
    returning id
  `.execute(tx)
  return rows.map((row) => row.id)
}

/** Takes what the merge filled in out of the contact, where it is still the same. */
async function takeOut(tx: Transaction, { contact, at }: Undoing, filled: FilledFields): Promise<void> {
  await tx.updateTable('contacts').set({
    first_name: contact.first_name === filled.firstName ? null : contact.first_name,
    last_name: contact.last_name === filled.lastName ? null : contact.last_name,
    metadata: JSON.stringify(withoutFilled(contact.metadata, filled.metadata)),
    updated_at: at,
  }).where('organization_id', '=', contact.organization_id).where('id', '=', contact.id).execute()
}

function withoutFilled(metadata: Metadata, filled: Metadata): Metadata {
  return Object.fromEntries(Object.entries(metadata).filter(([key, value]) => (
    !Object.hasOwn(filled, key) || !isDeepStrictEqual(value, filled[key])
  )))
}

async function markUnmerged(tx: Transaction, { merged, at }: Undoing): Promise<void> {
  await tx.updateTable('contacts').set({ merged_into_id: null, updated_at: at })
    .where('organization_id', '=', merged.organization_id).where('id', '=', merged.id).execute()
}

interface Undone {
  merge: MergeRow
  conversationIds: string[]
  at: Date
}

async function recordUnmerge(
  tx: Transaction, caller: Caller, { merge, conversationIds, at }: Undone,
): Promise<void> {
  const { organization_id: organizationId, contact_id: contactId, merged_contact_id: mergedContactId } = merge
  await tx.updateTable('contact_merges').set({ undone_at: at })
    .where('organization_id', '=', organizationId).where('id', '=', merge.id).execute()
  await recordAudit(tx, {
    organizationId, actor: caller.apiKeyId, action: 'contact.unmerged', subject: contactId, details: { mergedContactId },
  })
  await recordEvents(tx, [{
    organizationId, type: 'contact.unmerged', contactId, apiKeyId: caller.apiKeyId,
    data: { mergedContactId, conversationIds },
  }])
}
