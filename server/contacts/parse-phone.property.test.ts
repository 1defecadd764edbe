import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { parseEmail } from './parse-identity.ts'
import { parsePhone } from './parse-phone.ts'
import { parseWhatsAppAddress } from './parse-whatsapp-address.ts'

const digits = (minLength: number, maxLength: number) =>
  fc.array(fc.constantFrom(...'0123456789'), { minLength, maxLength }).map((list) => list.join(''))

const callingCodes = ['1', '54', '549', '55', '52', '521', '34', '39', '44', '49', '57', '7', '86', '91', '351', '225', '599']
const international = fc.tuple(fc.constantFrom(...callingCodes), digits(6, 12)).map((parts) => parts.join(''))
const likely = fc.oneof(
  fc.tuple(fc.constantFrom('54911', '5411', '549351', '549296'), digits(6, 10)).map((parts) => parts.join('')),
  fc.tuple(fc.constantFrom('5541', '55119', '5511', '55800'), digits(7, 9)).map((parts) => parts.join('')),
  fc.tuple(fc.constantFrom('52', '521', '52044', '5201'), digits(10, 10)).map((parts) => parts.join('')),
  international,
)
const noise = fc.array(fc.constantFrom('', ' ', '-', '.', '(', ')', '\u00a0', '\u2011', '\u202c'), {
  minLength: 20,
  maxLength: 20,
})
const country = fc.constantFrom(undefined, 'AR', 'BR', 'MX', 'US', 'ES', 'IT', 'GB', 'CI', 'ZZ', '')
const options = fc.record({ defaultCountry: country, whatsapp: fc.boolean() })
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  likely,
  fc.stringMatching(/^[+(0]?[0-9 ()+.-]{0,20}$/),
  fc.stringMatching(/^[0-9:._]{1,18}@(s\.whatsapp\.net|c\.us|lid|g\.us|broadcast)$/),
)

test('the canonical form of a phone is its own canonical form', () => {
  fc.assert(fc.property(fc.oneof(likely, anyText), options, (raw, how) => {
    const phone = parsePhone(raw, how)
    if (!phone.ok) return
    assert.match(phone.e164, /^\+[1-9]\d{6,14}$/)
    assert.equal(phone.e164, `+${phone.digits}`)
    const again = parsePhone(phone.e164, how)
    assert.ok(again.ok, `${raw} → ${phone.e164} is refused`)
    assert.deepEqual(again, phone)
  }), { numRuns: 3000 })
})

test('on WhatsApp the canonical digits are a WhatsApp id of the same person, whatever the default country', () => {
  fc.assert(fc.property(likely, country, (raw, defaultCountry) => {
    const phone = parsePhone(`+${raw}`, { defaultCountry, whatsapp: true })
    if (!phone.ok) return
    const id = parsePhone(phone.digits, { defaultCountry, whatsapp: true })
    if (id.ok) assert.equal(id.e164, phone.e164)
    else assert.match(id.reason, /is unclear|lacks the area code/)
  }), { numRuns: 2000 })
})

test('punctuation in an international number never changes the canonical form', () => {
  fc.assert(fc.property(likely, noise, options, (raw, marks, how) => {
    const noisy = `+${[...raw].map((digit, index) => `${marks[index] ?? ''}${digit}`).join('')}`
    const plain = parsePhone(`+${raw}`, how)
    const formatted = parsePhone(noisy, how)
    assert.equal(formatted.ok, plain.ok)
    if (plain.ok) assert.deepEqual(formatted, plain)
  }), { numRuns: 2000 })
})

test('where libphonenumber calls an international number valid, the country rules agree off WhatsApp', () => {
  fc.assert(fc.property(likely, (raw) => {
    const known = parsePhoneNumberFromString(`+${raw}`, { extract: false })
    if (!known?.isValid()) return
    const phone = parsePhone(`+${raw}`, { whatsapp: false })
    assert.ok(phone.ok, `${raw} is valid and refused`)
    assert.equal(phone.e164, known.number)
  }), { numRuns: 3000 })
})

test('an alias of a phone has that phone as its alias, off WhatsApp', () => {
  fc.assert(fc.property(likely, (raw) => {
    const phone = parsePhone(`+${raw}`, { whatsapp: false })
    if (!phone.ok) return
    for (const alias of phone.aliases ?? []) {
      const other = parsePhone(alias, { whatsapp: false })
      assert.ok(other.ok && other.e164 === alias)
      assert.deepEqual(other.aliases, [phone.e164])
    }
  }), { numRuns: 2000 })
})

test('the parsers of phones, addresses and e-mails never throw and always give a reason', () => {
  fc.assert(fc.property(fc.oneof(anyText, fc.anything()), options, (raw, how) => {
    for (const parsed of [parsePhone(raw, how), parseWhatsAppAddress(raw, how), parseEmail(raw)]) {
      if (!parsed.ok) assert.ok(parsed.reason.length > 0 && parsed.reason.isWellFormed())
    }
  }), { numRuns: 3000 })
})

test('the canonical form of a WhatsApp address is its own canonical form', () => {
  fc.assert(fc.property(anyText, country, (raw, defaultCountry) => {
    const address = parseWhatsAppAddress(raw, { defaultCountry })
    if (address.ok) assert.deepEqual(parseWhatsAppAddress(address.value, { defaultCountry }), address)
  }), { numRuns: 2000 })
})

test('the canonical form of an e-mail address is its own canonical form', () => {
  fc.assert(fc.property(fc.oneof(fc.emailAddress(), fc.string()), (raw) => {
    const email = parseEmail(raw)
    if (email.ok) assert.deepEqual(parseEmail(email.value), email)
  }), { numRuns: 1000 })
})
