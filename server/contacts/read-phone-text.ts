import { toAsciiDigits } from '../conversations/ascii-digits.ts'
import { findPlaceholder } from '../conversations/find-placeholder.ts'
import { quote, refuse, type Refused } from '../conversations/refusal.ts'

/**
 * The digits of a phone and how they were introduced: `international` by a plus or 00, `national` by a trunk zero or a
 * parenthesis, `bare` by nothing, which is how WhatsApp ids look (`plain`: digits and nothing else).
 */
export interface PhoneText {
  ok: true
  start: 'international' | 'national' | 'bare'
  digits: string
  plain: boolean
}

const onlyDigits = /^\d+$/
const scheme = /^(?:tel|whatsapp):/i // RFC 3966, Twilio
const ornaments = /[\p{Cf}\s()./\p{Pd}\u2212]/gu // also the invisible marks that copying out of WhatsApp brings along
const maxDigits = 15 // E.164
const maxDialledDigits = maxDigits + 3 // behind an exit code such as 011
const maxCharacters = 256

/** Takes the punctuation off a phone number. Refuses text that is none; lengths are the countries' matter. */
export function readPhoneText(raw: string): PhoneText | Refused {
  if (onlyDigits.test(raw) && raw[0] !== '0') return measured(raw, { start: 'bare', digits: raw, plain: true })
  if (raw.length > maxCharacters) return refuse(`${quote(raw)} is no phone number: it is too long.`)
  const written = toAsciiDigits(raw).trim().replace(scheme, '')
  const compact = written.replace(ornaments, '')
  const digits = compact.replace(/^(?:\+|00)/, '')
  if (!onlyDigits.test(digits)) return refuse(`${quote(raw)} is no phone number: ${explain(raw, digits)}.`)
  if (digits.length < compact.length) return measured(raw, { start: 'international', digits, plain: false })
  const start = written.startsWith('(') || digits.startsWith('0') ? 'national' : 'bare'
  return measured(raw, { start, digits, plain: onlyDigits.test(written) })
}

function measured(raw: string, text: Omit<PhoneText, 'ok'>): PhoneText | Refused {
  const { length } = text.digits
  if (length <= (text.digits.startsWith('0') ? maxDialledDigits : maxDigits)) return { ok: true, ...text }
  return refuse(`${quote(raw)} is no phone number: it is too long (${length} digits, ${maxDigits} at most).`)
}

function explain(raw: string, digits: string): string {
  if (raw.trim() === '') return 'it is empty'
  if (findPlaceholder(raw) !== undefined) return 'it is a placeholder that the calling flow did not fill in'
  const stranger = /[^\d]/u.exec(digits)?.[0]
  if (stranger === undefined) return 'it has no digits'
  return /\p{L}/u.test(digits) ? 'it contains letters' : `it contains ${quote(stranger)}`
}
