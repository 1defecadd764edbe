import { didYouMean, quote, refuse, type Refused } from '../conversations/refusal.ts'
import { readInternational, readNational, type PhoneReading } from './read-phone-number.ts'
import { readPhoneText, type PhoneText } from './read-phone-text.ts'
import { readWhatsAppForm, type WhatsAppForm } from './whatsapp-form.ts'

/** A phone in canonical form. `aliases` (E.164) are other writings that hint at the same person and prove nothing. */
export interface Phone {
  ok: true
  e164: string
  digits: string
  aliases?: string[]
}

export interface PhoneOptions {
  /** ISO 3166, two capital letters: how national forms are read. Without it they are refused. */
  defaultCountry?: string
  /** The number is a WhatsApp address: digits alone are an international number, and Argentina's 54 equals 549. */
  whatsapp: boolean
}

interface Question extends PhoneOptions {
  raw: string
  text: PhoneText
}

const hidingForms = { lid: 'LID', whatsapp_user: 'user id' }
const longestNational = 10 // digits; only used to pick the better explanation
const sendInternational =
  'Send the international form, such as +5491123456789, or set the organization\'s defaultCountry.'

/**
 * Reads a phone number in whatever way it was written and gives its canonical E.164, by the country rules of Argentina,
 * Brazil, Mexico and North America, else by libphonenumber. Never an address to send to: that is the last `wa_id` seen.
 */
export function parsePhone(raw: unknown, options: PhoneOptions): Phone | Refused {
  if (typeof raw === 'number' && Number.isSafeInteger(raw) && raw >= 0) return parsePhone(String(raw), options)
  if (typeof raw !== 'string') return refuse(`A phone number must be a string, not of type ${typeof raw}.`)
  const form = readWhatsAppForm(raw.trim())
  if (form) return fromWhatsAppForm(raw, form)
  const text = readPhoneText(raw)
  if (!text.ok) return text
  if (text.start === 'international') return conclude(raw, readInternational(text.digits, options.whatsapp))
  return choose({ raw, text, defaultCountry: options.defaultCountry, whatsapp: options.whatsapp })
}

function fromWhatsAppForm(raw: string, form: WhatsAppForm): Phone | Refused {
  if (form.form === 'phone') return conclude(raw, readInternational(form.digits, true))
  const what = form.form === 'other' ? form.what : `a WhatsApp ${hidingForms[form.form]}, which hides the number`
  return refuse(`${quote(raw)} is no phone number: it is ${what}.`)
}

function toPhone({ digits, aliases }: Extract<PhoneReading, { ok: true }>): Phone {
  const phone = { ok: true as const, e164: `+${digits}`, digits }
  return aliases ? { ...phone, aliases } : phone
}

/** Without a plus, digits may be international (tried first on WhatsApp) or national (tried first elsewhere). */
function choose(question: Question): Phone | Refused {
  const { raw, text, defaultCountry, whatsapp } = question
  if (!defaultCountry) return withoutCountry(question)
  const international = () => readInternational(text.digits, whatsapp)
  const national = () => readNational(text.digits, defaultCountry, whatsapp)
  const looksNational = text.start === 'national' || text.digits.length <= longestNational
  const whyNot = looksNational ? national : international
  if (text.start === 'national' || !whatsapp) return conclude(raw, better(national(), international) ?? whyNot())
  const id = international()
  const reading = better(id, national) ?? whyNot()
  // A WhatsApp id has digits only. Where it would be a number that does not exist, nothing is guessed.
  const guessed = text.plain && id.ok && reading.ok && reading !== id
  return guessed ? refuseUnclear(question, id.digits, reading.digits) : conclude(raw, reading)
}

function better(first: PhoneReading, askSecond: () => PhoneReading): Extract<PhoneReading, { ok: true }> | undefined {
  if (first.ok && first.sure) return first
  const second = askSecond()
  if (second.ok && second.sure) return second
  if (first.ok) return isIncomplete(second) ? undefined : first
  return second.ok && !isIncomplete(first) ? second : undefined
}

/** A local number without its area code must not pass as a foreign one of a possible length. */
function isIncomplete(reading: PhoneReading): boolean {
  return !reading.ok && reading.incomplete === true
}

function conclude(raw: string, reading: PhoneReading): Phone | Refused {
  return reading.ok ? toPhone(reading) : refuse(`${quote(raw)} is no phone number: ${reading.why}.`)
}

function refuseUnclear({ raw, defaultCountry }: Question, id: string, national: string): Refused {
  const reason = `${quote(raw)} is unclear: as a WhatsApp id it is +${id}, inside ${defaultCountry} it is +${national}.`
  return refuse(`${reason} Send it with a plus and its country code.`, didYouMean(`+${national}`))
}

function withoutCountry({ raw, text, whatsapp }: Question): Phone | Refused {
  const reading: PhoneReading = text.start === 'bare' ? readInternational(text.digits, whatsapp)
    : { ok: false, why: 'it is written as it is dialled inside its country' }
  if (reading.ok) return toPhone(reading)
  return refuse(`${quote(raw)} is no complete phone number: ${reading.why}. ${sendInternational}`)
}
