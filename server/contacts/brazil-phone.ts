import type { CountryPhoneRule, RuleReading } from './country-phone-rule.ts'

const trunk = /^0(?:\d\d)?(?=[1-9]{2}\d{8,9}$)/ // 0, or 0 and a two-digit carrier code
const oldMobile = /^([1-9]{2})([689]\d{7})$/
const oldNextel = /^([1-9]{2})(7\d{7})$/
const newMobile = /^[1-9]{2}9\d{8}$/
const formerNextel = /^([1-9]{2})9(7\d{7})$/
const landline = /^[1-9]{2}[2-5]\d{7}$/
const withoutAreaCode = /^9?\d{8}$/

/**
 * Brazil: mobiles got a ninth digit, a 9 in front, but WhatsApp accounts keep the number they were made with.
 * Canonical is with the 9. Landlines (2–5) never get one; an old Nextel number (7) stays, its form with 9 is a hint.
 */
export const brazil: CountryPhoneRule = {
  callingCode: '55',
  countries: ['BR'],
  read(national): RuleReading {
    const number = national.replace(trunk, '')
    if (newMobile.test(number)) return numbered(number, number.replace(formerNextel, '$1$2'))
    if (oldMobile.test(number)) return numbered(number.replace(oldMobile, '$19$2'))
    if (landline.test(number)) return numbered(number)
    if (oldNextel.test(number)) return numbered(number, number.replace(oldNextel, '$19$2'))
    return explain(number)
  },
}

function numbered(number: string, alias = number): RuleReading {
  const digits = `55${number}`
  return alias === number ? { ok: true, digits } : { ok: true, digits, aliases: [`+55${alias}`] }
}

function explain(number: string): RuleReading {
  if (withoutAreaCode.test(number)) return { ok: false, why: 'it lacks the area code (Brazil)', incomplete: true }
  const form = 'a two-digit area code and 8 digits, or 9 digits that begin with 9'
  return { ok: false, why: `Brazilian numbers have ${form}, after 55` }
}
