import type { ContactDetail } from '@hilo/contract'
import type { Transaction } from '../database/schema.ts'
import { accessContact } from './access-contact.ts'
import { loadIdentities } from './contact-identities.ts'
import { presentContact } from './present-contact.ts'

/** Most conversations, and most merged contacts, that are shown with a contact. */
const shown = 50

/**
 * A contact with what belongs to it. One that is merged into another is shown itself, without what moved away.
 * @throws HiloError NOT_FOUND if it is not in the organization.
 */
export async function showContact(tx: Transaction, organizationId: string, id: string): Promise<ContactDetail> {
  const contact = await accessContact(tx, organizationId, id)
  const identities = await loadIdentities(tx, organizationId, [id])
  return {
    ...presentContact(contact, identities.get(id)!),
    conversations: await listConversations(tx, organizationId, id),
    mergedContacts: await listMergedContacts(tx, organizationId, id),
  }
}

async function listConversations(
  tx: Transaction, organizationId: string, id: string,
): Promise<ContactDetail['conversations']> {
  const rows = await tx.selectFrom('conversations').select(['id', 'agent_id', 'channel', 'status', 'updated_at'])
    .where('organization_id', '=', organizationId).where('contact_id', '=', id)
    .orderBy('updated_at', 'desc').orderBy('id', 'desc').limit(shown).execute()
  return rows.map((row) => ({
    id: row.id,
    agentId: row.agent_id,
    channel: row.channel as ContactDetail['conversations'][number]['channel'],
    status: row.status,
    updatedAt: row.updated_at.toISOString(),
  }))
}

async function listMergedContacts(
  tx: Transaction, organizationId: string, id: string,
): Promise<ContactDetail['mergedContacts']> {
  const rows = await tx.selectFrom('contact_merges as m')
    .innerJoin('contacts as c', (join) => join
      .onRef('c.organization_id', '=', 'm.organization_id').onRef('c.id', '=', 'm.merged_contact_id'))
    .select(['c.id', 'c.first_name', 'c.last_name', 'm.created_at'])
    .where('m.organization_id', '=', organizationId).where('m.contact_id', '=', id).where('m.undone_at', 'is', null)
    .orderBy('m.created_at', 'desc').orderBy('m.id', 'desc').limit(shown).execute()
  return rows.map((row) => ({
    id: row.id, firstName: row.first_name, lastName: row.last_name, mergedAt: row.created_at.toISOString(),
  }))
}
