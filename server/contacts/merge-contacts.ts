import { sql } from 'kysely'
import { createId } from '../database/create-id.ts'
import type { Transaction } from '../database/schema.ts'
import { recordEvents } from '../events/record-events.ts'
import { cursorTime } from '../http/cursor.ts'
import { recordAudit } from '../organizations/audit.ts'
import type { Caller } from '../organizations/scopes.ts'
import { type ContactRow, lockPair, type MergePair } from './access-contact.ts'
import { findMissingMetadata } from '../metadata/find-missing-metadata.ts'
import { assertMergeable, type FilledFields, type Moved, type MovedIdentity } from './contact-merge.ts'

/**
 * Merges one contact into another, which from then on has its identities and conversations, and those of its names
 * and metadata that it lacked. Messages stay as they were recorded. Records what was moved, for the way back.
 * @throws HiloError NOT_FOUND; MERGE_CONFLICT if they are one contact, or one of them is merged already.
 */
export async function mergeContacts(tx: Transaction, caller: Caller, pair: MergePair): Promise<void> {
  const { organizationId } = caller
  await lockConversations(tx, organizationId, pair.mergedContactId)
  const { contact, merged } = await lockPair(tx, organizationId, pair)
  assertMergeable(contact, merged)
  const at = new Date()
  const filled = findGaps(contact, merged)
  const moved: Moved = {
    identities: await moveIdentities(tx, { contact, merged, at }),
    conversationIds: await moveConversations(tx, { contact, merged, at }),
    filled,
  }
  await fillIn(tx, contact, { filled, at })
  await markMerged(tx, { contact, merged, at })
  await removeProposals(tx, contact, merged)
  await recordMerge(tx, caller, { ...pair, moved, at })
}

/**
 * Conversations first and contacts after them, each in the order of their ids: so does `ingest`, and nobody waits in a
 * circle. What is linked to the contact between the two locks is moved all the same.
 */
async function lockConversations(tx: Transaction, organizationId: string, contactId: string): Promise<void> {
  await tx.selectFrom('conversations').select('id')
    .where('organization_id', '=', organizationId).where('contact_id', '=', contactId)
    .orderBy('id').forNoKeyUpdate().execute()
}

/** Both contacts, locked, and the moment of the merge. */
interface Merge {
  contact: ContactRow
  merged: ContactRow
  at: Date
}

/** Behind the identities that the contact has: what is shown as its e-mail stays its own. Their order is kept. */
async function moveIdentities(tx: Transaction, merge: Merge): Promise<MovedIdentity[]> {
  const { contact, merged } = merge
  const rows = await tx.selectFrom('contact_identities')
    .select(['kind', 'value', cursorTime('created_at').as('createdAt')])
    .where('organization_id', '=', merged.organization_id).where('contact_id', '=', merged.id)
    .orderBy('created_at').orderBy('kind').orderBy('value').execute()
  const behind = await findTimeBehind(tx, merge)
  const moved = rows.map((row, index) => ({ ...row, movedAt: new Date(behind + index).toISOString() }))
  await sql`
    update contact_identities i set contact_id = ${contact.id}, created_at = w."movedAt"
    from json_to_recordset(${JSON.stringify(moved)}::json) as w(kind text, value text, "movedAt" timestamptz)
    where i.organization_id = ${merged.organization_id} and i.kind = w.kind and i.value = w.value
      and i.contact_id = ${merged.id}
  `.execute(tx)
  return moved
}

/** Milliseconds; later than all that the contact has, also where the clocks of two processes differ. */
async function findTimeBehind(tx: Transaction, { contact, at }: Merge): Promise<number> {
  const newest = await tx.selectFrom('contact_identities').select('created_at')
    .where('organization_id', '=', contact.organization_id).where('contact_id', '=', contact.id)
    .orderBy('created_at', 'desc').limit(1).executeTakeFirst()
  return Math.max(at.getTime(), (newest?.created_at.getTime() ?? 0) + 1)
}

async function moveConversations(tx: Transaction, { contact, merged, at }: Merge): Promise<string[]> {
  const rows = await tx.updateTable('conversations').set({ contact_id: contact.id, updated_at: at })
    .where('organization_id', '=', merged.organization_id).where('contact_id', '=', merged.id)
    .returning('id').execute()
  return rows.map((row) => row.id)
}

function findGaps(contact: ContactRow, merged: ContactRow): FilledFields {
  return {
    ...(contact.first_name === null && merged.first_name !== null ? { firstName: merged.first_name } : {}),
    ...(contact.last_name === null && merged.last_name !== null ? { lastName: merged.last_name } : {}),
    metadata: findMissingMetadata(contact.metadata, merged.metadata),
  }
}

async function fillIn(
  tx: Transaction, contact: ContactRow, { filled, at }: { filled: FilledFields, at: Date },
): Promise<void> {
  await tx.updateTable('contacts').set({
    first_name: filled.firstName ?? contact.first_name,
    last_name: filled.lastName ?? contact.last_name,
    metadata: JSON.stringify({ ...contact.metadata, ...filled.metadata }),
    updated_at: at,
  }).where('organization_id', '=', contact.organization_id).where('id', '=', contact.id).execute()
}

async function markMerged(tx: Transaction, { contact, merged, at }: Merge): Promise<void> {
  await tx.updateTable('contacts').set({ merged_into_id: contact.id, updated_at: at })
    .where('organization_id', '=', merged.organization_id).where('id', '=', merged.id).execute()
}

async function removeProposals(tx: Transaction, contact: ContactRow, merged: ContactRow): Promise<void> {
  const ids = [contact.id, merged.id]
  await tx.deleteFrom('merge_proposals').where('organization_id', '=', contact.organization_id)
    .where('contact_id', 'in', ids).where('other_contact_id', 'in', ids).execute()
}

async function recordMerge(
  tx: Transaction, { organizationId, apiKeyId }: Caller, merge: MergePair & { moved: Moved, at: Date },
): Promise<void> {
  const { contactId, mergedContactId, moved, at } = merge
  await tx.insertInto('contact_merges').values({
    organization_id: organizationId, id: createId(), contact_id: contactId, merged_contact_id: mergedContactId,
    moved: JSON.stringify(moved), created_at: at,
  }).execute()
  await recordAudit(tx, {
    organizationId, actor: apiKeyId, action: 'contact.merged', subject: contactId, details: { mergedContactId },
  })
  await recordEvents(tx, [{
    organizationId, type: 'contact.merged', contactId, apiKeyId,
    data: { mergedContactId, conversationIds: moved.conversationIds },
  }])
}
