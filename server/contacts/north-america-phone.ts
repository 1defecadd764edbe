import type { CountryPhoneRule, RuleReading } from './country-phone-rule.ts'

// No area code is X11 (service codes) or X9Y (kept for an expansion). That keeps Brazilian mobiles written without 55
// (area 11–19, then a 9) from passing as American ones.
const subscriber = /^[2-9](?!11)[0-8]\d{8}$/

/** Calling code 1 (United States, Canada, Caribbean): area code and number, ten digits. */
export const northAmerica: CountryPhoneRule = {
  callingCode: '1',
  countries: ['US', 'CA'],
  read(national): RuleReading {
    if (subscriber.test(national)) return { ok: true, digits: `1${national}` }
    if (national.length !== 10) {
      return { ok: false, why: `numbers of +1 (North America) have 10 digits after the 1, not ${national.length}` }
    }
    return { ok: false, why: `+1 (North America) has no area code ${national.slice(0, 3)}` }
  },
}
