import { parseId } from '../conversations/parse-id.ts'
import type { Refused } from '../conversations/refusal.ts'
import { HiloError } from '../errors.ts'
import { parseEmail } from './parse-identity.ts'
import { parsePhone } from './parse-phone.ts'

/** The fields of a contact that are identities, in the order of precedence. */
export const contactKeyFields = ['userId', 'email', 'phoneNumber'] as const
export type ContactKeyField = (typeof contactKeyFields)[number]

export const kindOfField = { userId: 'user_id', email: 'email', phoneNumber: 'phone' } as const

/** An identity that a caller gives a contact. */
export interface ContactKey {
  field: ContactKeyField
  kind: (typeof kindOfField)[ContactKeyField]
  /** Canonical form. */
  value: string
  /** As received. */
  raw: string
  /** Other phones (E.164) that hint at the same person. */
  hints?: readonly string[]
}

/**
 * Reads one field in its canonical form; undefined where there is none.
 * @param defaultCountry ISO 3166, two letters: how a national phone number is read.
 * @throws HiloError INVALID_ID with the reason and the likely correction.
 */
export function readContactKey(
  field: ContactKeyField, raw: string | number | null | undefined, defaultCountry: string | undefined,
): ContactKey | undefined {
  const parsed = parsers[field](raw, defaultCountry)
  if (!parsed.ok) {
    // The parsers name the field as messages have it.
    const reason = parsed.reason.replace(`contact.${field}`, field)
    throw new HiloError('INVALID_ID', reason, { field, hint: parsed.hint })
  }
  if (parsed.value === undefined) return undefined
  return { field, kind: kindOfField[field], value: parsed.value, raw: String(raw).trim(), hints: parsed.hints }
}

type Raw = string | number | null | undefined
type Parsed = { ok: true, value: string | undefined, hints?: readonly string[] } | Refused

const parsers: Record<ContactKeyField, (raw: Raw, defaultCountry: string | undefined) => Parsed> = {
  userId: (raw) => parseId('userId', raw),
  email: (raw) => parseEmail(raw),
  phoneNumber(raw, defaultCountry) {
    if (String(raw ?? '').trim() === '') return { ok: true, value: undefined }
    const phone = parsePhone(raw, { defaultCountry, whatsapp: false })
    return phone.ok ? { ok: true, value: phone.e164, hints: phone.aliases } : phone
  },
}
