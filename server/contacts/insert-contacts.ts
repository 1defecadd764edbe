import { sql } from 'kysely'
import { inOrder } from '../database/in-order.ts'
import { insertInto, type Write } from '../database/write-rows.ts'
import type { ContactSet } from './contact-set.ts'

const columns = ['organization_id', 'id', 'first_name', 'last_name', 'created_at', 'updated_at'] as const

/**
 * What the batch created, filled in and noticed. Names are filled in, never overwritten: also not those that somebody
 * set since they were read. Those rows exist; the conflict is what finds them by their key.
 */
export function insertContacts(set: ContactSet): Write[] {
  const now = new Date().toISOString()
  const rows = inOrder(['organization_id', 'id'], [...set.changed].map((contact) => ({
    organization_id: contact.organizationId, id: contact.id, first_name: contact.firstName,
    last_name: contact.lastName, updated_at: now, created_at: now, isNew: contact.isNew,
  })))
  return [
    insertInto('contacts', { columns, rows: rows.filter((row) => row.isNew) }),
    insertInto('contacts', {
      columns, rows: rows.filter((row) => !row.isNew), onConflict: sql`(organization_id, id) do update set
        first_name = coalesce(contacts.first_name, excluded.first_name),
        last_name = coalesce(contacts.last_name, excluded.last_name), updated_at = excluded.updated_at`,
    }),
    insertInto('contact_identities', {
      columns: ['organization_id', 'kind', 'value', 'contact_id', 'raw', 'origin'],
      rows: inOrder(['organization_id', 'kind', 'value'], set.addedIdentities),
    }),
    insertInto('merge_proposals', {
      columns: ['organization_id', 'id', 'contact_id', 'other_contact_id', 'reason'],
      rows: inOrder(['organization_id', 'contact_id', 'other_contact_id'], set.proposals),
      onConflict: sql`(organization_id, contact_id, other_contact_id) do nothing`,
    }),
  ]
}
