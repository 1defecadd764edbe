import type { Contact, ContactsQuery } from '@hilo/contract'
import { type Expression, sql, type SqlBool } from 'kysely'
import type { Static } from 'typebox'
import { isListed } from '../database/is-listed.ts'
import type { Transaction } from '../database/schema.ts'
import { cursorTime, cutPage, type Page, readCursor } from '../http/cursor.ts'
import type { Caller } from '../organizations/scopes.ts'
import type { ContactRow } from './access-contact.ts'
import { loadIdentities } from './contact-identities.ts'
import { parsePhone } from './parse-phone.ts'
import { presentContact } from './present-contact.ts'
import { type ContactKey, contactKeyFields, readContactKey } from './read-contact-key.ts'
import { matchesSearch } from './search-contacts.ts'

type Query = Static<typeof ContactsQuery>

/**
 * Contacts, the last changed first; those that are merged into others are left out.
 * @throws HiloError INVALID_ID if a filter cannot be read; INVALID_REQUEST for a broken cursor.
 */
export async function listContacts(tx: Transaction, caller: Caller, query: Query): Promise<Page<Contact>> {
  const { organizationId } = caller
  const limit = query.limit ?? 50
  const after = readCursor(query.cursor, ['time', 'text'])
  // Only what the index holds: so a search reads no contact that it does not find.
  const found = tx.selectFrom('contacts as c').select(['c.organization_id', 'c.id', 'c.updated_at'])
    .where('c.organization_id', '=', organizationId).where('c.merged_into_id', 'is', null)
    .where(isListed('c.updated_at'))
    .where((where) => where.and(readFilters(caller, query)))
    .$if(after !== undefined, (all) => all.where(
      sql<SqlBool>`(c.updated_at, c.id) < (${after![0]}::timestamptz, ${after![1]})`,
    ))
    .orderBy('c.updated_at', 'desc').orderBy('c.id', 'desc').limit(limit + 1)
  const rows = await tx.selectFrom(found.as('f')).innerJoinLateral((from) => from.selectFrom('contacts as c').selectAll()
    .whereRef('c.organization_id', '=', 'f.organization_id').whereRef('c.id', '=', 'f.id').offset(0).as('c'),
  (join) => join.onTrue())
    .selectAll('c').select(cursorTime('c.updated_at').as('place'))
    .orderBy('c.updated_at', 'desc').orderBy('c.id', 'desc').execute()
  const { page, nextCursor } = cutPage(rows, limit, ({ place, id }) => [place, id])
  return { items: await present(tx, organizationId, page), nextCursor }
}

function readFilters(caller: Caller, query: Query): Expression<SqlBool>[] {
  const filters = contactKeyFields.flatMap((field) => {
    const key = readContactKey(field, query[field], caller.defaultCountry)
    return key ? [sql<SqlBool>`c.id in (
      select i.contact_id from contact_identities i
      where i.organization_id = ${caller.organizationId} and i.kind = ${key.kind}
        and i.value = any (${readValues(key, caller)}::text[])
    )`] : []
  })
  return query.search?.trim() ? [...filters, matchesSearch(query.search, caller)] : filters
}

/** A phone number may have been recorded as a WhatsApp address, where some writings mean another number. */
function readValues({ kind, value, raw }: ContactKey, { defaultCountry }: Caller): string[] {
  const onWhatsApp = kind === 'phone' && parsePhone(raw, { defaultCountry, whatsapp: true })
  return onWhatsApp && onWhatsApp.ok ? [value, onWhatsApp.e164] : [value]
}

async function present(tx: Transaction, organizationId: string, rows: ContactRow[]): Promise<Contact[]> {
  const identities = await loadIdentities(tx, organizationId, rows.map((row) => row.id))
  return rows.map((row) => presentContact(row, identities.get(row.id)!))
}
