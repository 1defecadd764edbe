import { isSupportedCountry, parsePhoneNumberFromString, validatePhoneNumberLength } from 'libphonenumber-js/max'
import type { CountryCode } from 'libphonenumber-js/max'
import { argentina } from './argentina-phone.ts'
import { brazil } from './brazil-phone.ts'
import type { CountryPhoneRule } from './country-phone-rule.ts'
import { mexico } from './mexico-phone.ts'
import { northAmerica } from './north-america-phone.ts'

/**
 * One way to understand digits; `digits` begin with the calling code. `sure`: a number that exists by the numbering
 * plan, not only one of a possible length. `why` and `incomplete` are as in a country's rule.
 */
export type PhoneReading =
  | { ok: true, digits: string, sure: boolean, aliases?: string[] }
  | { ok: false, why: string, incomplete?: boolean }

const rules: readonly CountryPhoneRule[] = [argentina, brazil, mexico, northAmerica]
const minDigits = 7
const maxDigits = 15

/** Whether national numbers of a country (ISO 3166, two capital letters) can be read: what `defaultCountry` may be. */
export function isPhoneCountry(country: string): country is CountryCode {
  return isSupportedCountry(country)
}

/** Reads digits that begin with a calling code. */
export function readInternational(digits: string, whatsapp: boolean): PhoneReading {
  if (digits.length < minDigits) return { ok: false, why: `it is too short (${digits.length} digits)` }
  const rule = rules.find(({ callingCode }) => digits.startsWith(callingCode))
  const byLibrary = () => readByLibrary(`+${digits}`)
  if (!rule) return byLibrary()
  const national = digits.slice(rule.callingCode.length)
  return readByRule(rule.read(national, { international: true, whatsapp }), byLibrary)
}

/** Reads digits as they are dialled inside a country. */
export function readNational(digits: string, country: string, whatsapp: boolean): PhoneReading {
  if (!isPhoneCountry(country)) return { ok: false, why: `the default country "${country}" is unknown` }
  const rule = rules.find(({ countries }) => countries.includes(country))
  const byLibrary = () => {
    const number = readByLibrary(digits, country)
    return number.ok ? readInternational(number.digits, whatsapp) : number
  }
  return rule ? readByRule(rule.read(digits, { international: false, whatsapp }), byLibrary) : byLibrary()
}

/** A rule's word counts; what it does not know (toll-free and other service numbers) must be valid to the library. */
function readByRule(reading: ReturnType<CountryPhoneRule['read']>, byLibrary: () => PhoneReading): PhoneReading {
  if (reading.ok) return { ...reading, sure: true }
  const other = byLibrary()
  return other.ok && other.sure ? other : reading
}

function readByLibrary(text: string, defaultCountry?: CountryCode): PhoneReading {
  const number = parsePhoneNumberFromString(text, { defaultCountry, extract: false })
  const digits = number?.number.slice(1) ?? ''
  if (!number?.isPossible() || digits.length < minDigits || digits.length > maxDigits) {
    return { ok: false, why: explain(text, number?.countryCallingCode, defaultCountry) }
  }
  // It drops one trunk prefix at a time; a canonical form has none left to drop.
  const hasDropped = text.startsWith('+') && number.number.length < text.length
  return hasDropped ? readByLibrary(number.number) : { ok: true, digits, sure: number.isValid() }
}

function explain(text: string, callingCode?: string, defaultCountry?: CountryCode): string {
  const place = callingCode === undefined ? '' : ` for a number of +${callingCode}`
  switch (validatePhoneNumberLength(text, defaultCountry)) {
    case 'INVALID_COUNTRY': return `no country's calling code begins it (${text.slice(0, 4)}…)`
    case 'TOO_SHORT': return `it is too short${place}`
    case 'TOO_LONG': return `it is too long${place}`
    default: return `its length is wrong${place}`
  }
}
