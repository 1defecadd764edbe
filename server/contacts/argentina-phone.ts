import type { CountryPhoneRule, RuleReading } from './country-phone-rule.ts'

const prefixes = /^0?(9?)0?/ // trunk zero, mobile nine, and people who write both
const subscriber = /^(?:11|[23]\d)\d{8}$/
const dialledMobile = /^(11|[23]\d{2,3})15(\d{6,8})$/ // area, 15, number: twelve digits
const withoutAreaCode = /^(?:15\d{6,8}|\d{6,8})$/

/**
 * Argentina: `549` + area + number on WhatsApp, `54` + area + number for a landline, `0` area `15` number when dialled
 * to a mobile. On WhatsApp 54 and 549 are one account (fixed and mobile share no digits); elsewhere that is a hint.
 */
export const argentina: CountryPhoneRule = {
  callingCode: '54',
  countries: ['AR'],
  read(national, { whatsapp }): RuleReading {
    const nine = prefixes.exec(national)?.[1] === '9'
    const rest = national.replace(prefixes, '')
    if (subscriber.test(rest)) return nine || whatsapp ? mobile(rest) : landline(rest)
    const number = rest.length === 12 ? rest.replace(dialledMobile, '$1$2') : rest
    if (subscriber.test(number)) return mobile(number)
    return explain(rest)
  },
}

function mobile(number: string): RuleReading {
  return { ok: true, digits: `549${number}`, aliases: [`+54${number}`] }
}

function landline(number: string): RuleReading {
  return { ok: true, digits: `54${number}`, aliases: [`+549${number}`] }
}

function explain(rest: string): RuleReading {
  if (withoutAreaCode.test(rest)) return { ok: false, why: 'it lacks the area code (Argentina)', incomplete: true }
  const form = '10 digits after 54 or 549 (area code and number, without 0 and 15)'
  return { ok: false, why: `Argentine numbers have ${form}, and the area code begins with 11, 2 or 3` }
}
