import type { CountryPhoneRule, RuleReading } from './country-phone-rule.ts'

const domesticPrefix = /^(?:044|045|01)(?=\d{10}$)/
const formerMobilePrefix = /^1(?=\d{10}$)/
const subscriber = /^[2-9]\d{9}$/ // no area code begins with 0 or 1, which makes the stripping safe
const withoutAreaCode = /^\d{7,8}$/

/**
 * Mexico: the mobile `1` after 52 was abolished in 2019, but most WhatsApp ids carry it still; `044`, `045` and `01`
 * are how numbers were dialled at home. Canonical is `52` + 10 digits.
 */
export const mexico: CountryPhoneRule = {
  callingCode: '52',
  countries: ['MX'],
  read(national, { international }): RuleReading {
    const dialled = international ? national.replace(formerMobilePrefix, '') : national
    const number = dialled.replace(domesticPrefix, '')
    if (subscriber.test(number)) return { ok: true, digits: `52${number}` }
    if (withoutAreaCode.test(number)) return { ok: false, why: 'it lacks the area code (Mexico)', incomplete: true }
    return { ok: false, why: 'Mexican numbers have 10 digits after 52 (or 521), and none begins with 0 or 1' }
  },
}
