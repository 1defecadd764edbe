import { type RawBuilder, sql } from 'kysely'
import { toAsciiDigits } from '../conversations/ascii-digits.ts'
import { isListed } from '../database/is-listed.ts'
import type { Caller } from '../organizations/scopes.ts'
import { parsePhone } from './parse-phone.ts'

/** Words of a search that count. */
const maxWords = 8
const phoneLike = /^[\d\s()+./\p{Pd}]+$/u
const minPhoneDigits = 3
/** What the column `search_name` leaves out of names. */
const accents = /[\u0300-\u036f]/g

/**
 * SQL for "contact `c` is what somebody searches for": each word is part of its name, or the text is part of one of its
 * e-mail addresses or ids, or a phone number, whole in any writing or part of its digits. Identities are looked through
 * once, not contact by contact.
 */
export function matchesSearch(search: string, { organizationId, defaultCountry }: Caller): RawBuilder<boolean> {
  const text = search.trim()
  return sql<boolean>`(${matchesName(text)} or c.id in (
    select i.contact_id from contact_identities i
    where i.organization_id = ${organizationId} and ${isListed('i.created_at')}
      and (${matchesIdentity(text, defaultCountry)})
  ))`
}

/** Lower-cased by PostgreSQL, as the names are: it knows other letters than Node does where its locale is C. */
function matchesName(text: string): RawBuilder<boolean> {
  const words = text.split(/\s+/, maxWords).map((word) => word.normalize('NFD').replace(accents, ''))
  return sql`(${sql.join(words.map((word) => sql`c.search_name like lower(${toPattern(word)})`), sql` and `)})`
}

function matchesIdentity(text: string, defaultCountry: string | undefined): RawBuilder<boolean> {
  const matches = [sql<boolean>`lower(i.value) like ${toPattern(text.toLowerCase())}`]
  const phones = readPhones(text, defaultCountry)
  if (phones.length > 0) matches.push(sql`(i.kind = 'phone' and i.value = any (${phones}::text[]))`)
  const digits = toAsciiDigits(text).replace(/\D/g, '')
  if (phoneLike.test(toAsciiDigits(text)) && digits.length >= minPhoneDigits) {
    matches.push(sql`(i.kind = 'phone' and i.value like ${toPattern(digits)})`)
  }
  return sql.join(matches, sql` or `)
}

/** Every number that the text may stand for: on WhatsApp, elsewhere, and what only hints at the same person. */
function readPhones(text: string, defaultCountry: string | undefined): string[] {
  return [true, false].flatMap((whatsapp) => {
    const phone = parsePhone(text, { defaultCountry, whatsapp })
    return phone.ok ? [phone.e164, ...phone.aliases ?? []] : []
  })
}

/** For LIKE: the text anywhere, its own wildcards taken literally. */
function toPattern(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`
}
