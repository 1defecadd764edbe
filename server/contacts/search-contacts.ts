import { type RawBuilder, sql } from 'kysely'
import { toAsciiDigits } from '../conversations/ascii-digits.ts'
import { toNamePattern } from './name-pattern.ts'
import { parsePhone } from './parse-phone.ts'

/** Words of a search that count. */
const maxWords = 8
const phoneLike = /^[\d\s()+./\p{Pd}]+$/u
const minPhoneDigits = 3

/**
 * SQL for "contact `c` is what somebody searches for": each word is part of its name, or the text is part of one of its
 * e-mail addresses or ids, or a phone number, whole in any writing or part of its digits.
 * @param defaultCountry ISO 3166, two letters: how a national phone number is read.
 */
export function matchesSearch(search: string, defaultCountry: string | undefined): RawBuilder<boolean> {
  const text = search.trim()
  return sql<boolean>`(${matchesName(text)} or exists (
    select from contact_identities i
    where i.organization_id = c.organization_id and i.contact_id = c.id and (${matchesIdentity(text, defaultCountry)})
  ))`
}

function matchesName(text: string): RawBuilder<boolean> {
  const patterns = text.split(/\s+/, maxWords).map(toNamePattern)
  return sql<boolean>`concat_ws(' ', c.first_name, c.last_name) ~* all (${patterns}::text[])`
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
