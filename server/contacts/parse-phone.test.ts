import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePhone } from './parse-phone.ts'

/** raw, canonical, default country */
type Row = [raw: string, e164: string, defaultCountry?: string]

const onWhatsApp = { whatsapp: true }
const elsewhere = { whatsapp: false }

function canonical(raw: unknown, defaultCountry?: string, whatsapp = true): string {
  const phone = parsePhone(raw, { defaultCountry, whatsapp })
  return phone.ok ? phone.e164 : phone.reason
}

function refusal(raw: unknown, defaultCountry?: string, whatsapp = true): string {
  const phone = parsePhone(raw, { defaultCountry, whatsapp })
  assert.ok(!phone.ok, `${String(raw)} was accepted`)
  return phone.reason
}

function aliases(raw: string, whatsapp: boolean): string[] {
  const phone = parsePhone(raw, { whatsapp })
  assert.ok(phone.ok)
  return phone.aliases ?? []
}

const argentina: Row[] = [
  ['5491123456789', '+5491123456789'],
  ['+54 9 11 2345-6789', '+5491123456789'],
  ['+54 11 15 2345-6789', '+5491123456789'],
  ['011 15 2345-6789', '+5491123456789', 'AR'],
  ['0351 15 234-5678', '+5493512345678', 'AR'],
  ['02966 15 412345', '+5492966412345', 'AR'],
  ['541123456789', '+5491123456789'],
  ['+54 9 11 15 2345 6789', '+5491123456789'],
  ['54 11 15 2345 6789', '+5491123456789'],
  ['+54 9 011 2345 6789', '+5491123456789'],
  ['11 2345-6789', '+5491123456789', 'AR'],
  ['1123456789', '+5491123456789', 'AR'],
  ['351 15 234-5678', '+5493512345678', 'AR'],
  ['(0351) 15-2345678', '+5493512345678', 'AR'],
  ['(54) 9 11 2345-6789', '+5491123456789', 'AR'],
  ['541143210000', '+5491143210000'],
  ['0800 123 4567', '+548001234567', 'AR'],
  ['548001234567', '+548001234567'],
]

const mexico: Row[] = [
  ['5212221234567', '+522221234567'],
  ['+52 1 222 123 4567', '+522221234567'],
  ['522221234567', '+522221234567'],
  ['222 123 4567', '+522221234567', 'MX'],
  ['2221234567', '+522221234567', 'MX'],
  ['044 222 123 4567', '+522221234567', 'MX'],
  ['045 222 123 4567', '+522221234567', 'MX'],
  ['01 222 123 4567', '+522221234567', 'MX'],
  ['+52 044 222 123 4567', '+522221234567'],
  ['525513375592', '+525513375592'],
  ['5215513375592', '+525513375592'],
  ['800 123 4567', '+528001234567', 'MX'],
]

const brazil: Row[] = [
  ['5541988776655', '+5541988776655'],
  ['554188776655', '+5541988776655'],
  ['(041) 8877-6655', '+5541988776655', 'BR'],
  ['5511987654321', '+5511987654321'],
  ['551187654321', '+5511987654321'],
  ['5562996543210', '+5562996543210'],
  ['556296543210', '+5562996543210'],
  ['551132654321', '+551132654321'],
  ['5511932654321', '+5511932654321'],
  ['558332341234', '+558332341234'],
  ['5583932341234', '+5583932341234'],
  ['551178123456', '+551178123456'],
  ['5511978123456', '+5511978123456'],
  ['0 15 41 98877-6655', '+5541988776655', 'BR'],
  ['0 15 41 8877-6655', '+5541988776655', 'BR'],
  ['+55 (041) 98877-6655', '+5541988776655'],
  ['08007271234', '+558007271234', 'BR'],
  ['558007271234', '+558007271234'],
  ['11987654321', '+5511987654321', 'BR'],
]

const otherCountries: Row[] = [
  ['16505551234', '+16505551234'],
  ['+1 (650) 555-1234', '+16505551234'],
  ['(650) 555-1234', '+16505551234', 'US'],
  ['34612345678', '+34612345678'],
  ['573001234567', '+573001234567'],
  ['+44 (0)20 7946 0958', '+442079460958'],
  ['020 7946 0958', '+442079460958', 'GB'],
  ['011 54 9 11 2345 6789', '+5491123456789', 'US'],
  ['2904123', '+2904123'], // 7 digits: Saint Helena's numbers are that short
  ['+351 152 345 678', '+351152345678'], // possible, though no valid number
]

const writings: Row[] = [
  ['5491123456789@s.whatsapp.net', '+5491123456789'],
  ['5491123456789:75@s.whatsapp.net', '+5491123456789'],
  ['5491123456789_1:75@s.whatsapp.net', '+5491123456789'],
  ['554188776655@c.us', '+5541988776655'],
  ['541123456789@c.us', '+5491123456789'],
  ['005491123456789', '+5491123456789'],
  ['(+54) 9 11 2345-6789', '+5491123456789'],
  ['whatsapp:+5491123456789', '+5491123456789'],
  ['tel:+54-9-11-2345-6789', '+5491123456789'],
  ['\u202a+54 9 11 2345\u20116789\u202c', '+5491123456789'], // as copied out of WhatsApp
  ['+54\u00a09 11\u20092345\u20136789', '+5491123456789'],
  ['＋５４９１１２３４５６７８９', '+5491123456789'],
  ['٥٤٩١١٢٣٤٥٦٧٨٩', '+5491123456789'],
]

const tables = { argentina, mexico, brazil, otherCountries, writings }
for (const [name, rows] of Object.entries(tables)) {
  test(`a phone is canonical on WhatsApp in every writing: ${name}`, () => {
    for (const [raw, e164, defaultCountry] of rows) assert.equal(canonical(raw, defaultCountry), e164, raw)
  })
}

test('a phone number may come as a JSON number', () => {
  assert.equal(canonical(5491123456789), '+5491123456789')
})

test('a JID is a WhatsApp address whatever the channel', () => {
  assert.equal(canonical('541123456789@c.us', undefined, false), '+5491123456789')
})

test('off WhatsApp an Argentine number without the 9 stays as it is, whichever way it is written', () => {
  assert.equal(canonical('541123456789', undefined, false), '+541123456789')
  assert.equal(canonical('541123456789', 'AR', false), '+541123456789')
  assert.equal(canonical('11 2345-6789', 'AR', false), '+541123456789')
  assert.equal(canonical('011 15 2345-6789', 'AR', false), '+5491123456789')
  assert.equal(canonical('5491123456789', 'MX', false), '+5491123456789')
})

test('off WhatsApp digits alone are read inside the default country first', () => {
  assert.equal(canonical('8112345678', 'MX', false), '+528112345678')
  assert.equal(canonical('51987654321', 'BR', false), '+5551987654321')
  assert.equal(canonical('51987654321', 'BR', true), '+51987654321')
  assert.equal(canonical('554188776655', 'BR', false), '+5541988776655')
  assert.equal(canonical('16505551234', 'MX', false), '+16505551234')
})

test('another writing that proves nothing is an alias', () => {
  assert.deepEqual(aliases('541123456789', false), ['+5491123456789'])
  assert.deepEqual(aliases('5491123456789', false), ['+541123456789'])
  assert.deepEqual(aliases('5491123456789', true), ['+541123456789'])
  assert.deepEqual(aliases('551178123456', true), ['+5511978123456'])
  assert.deepEqual(aliases('5511978123456', true), ['+551178123456'])
  assert.deepEqual(aliases('554188776655', true), [])
  assert.deepEqual(aliases('5212221234567', true), [])
})

test('a national form without a default country is refused and told what to do', () => {
  for (const raw of ['011 15 2345-6789', '(041) 8877-6655', '15 2345 6789', '2221234567', '08007271234', '11987654321']) {
    assert.match(refusal(raw), /Send the international form, such as \+\d+, or set the organization's defaultCountry/)
  }
})

test('a number without its area code is refused, never guessed', () => {
  for (const raw of ['15 2345 6789', '1523456789', '2345-6789', '15-2345678', '+54 15 2345 6789']) {
    assert.match(refusal(raw, 'AR'), /lacks the area code/)
    assert.match(refusal(raw, 'AR', false), /lacks the area code/)
  }
  assert.match(refusal('98877-6655', 'BR'), /lacks the area code/) // not Iran's +98 877 6655
  assert.match(refusal('988776655', 'BR', false), /lacks the area code/)
  assert.match(refusal('1234567', 'MX'), /lacks the area code/)
})

test('a Mexican id with a missing digit is refused, nothing is stripped', () => {
  assert.match(refusal('521222123456'), /Mexican numbers have 10 digits/)
  assert.match(refusal('521222123456', 'MX'), /Mexican numbers have 10 digits/)
})

test('digits that are no existing WhatsApp id but a number of the default country are refused with the correction', () => {
  const rows: Row[] = [
    ['8112345678', '+528112345678', 'MX'],
    ['6505551234', '+16505551234', 'US'],
    ['351152345678', '+5493512345678', 'AR'],
  ]
  for (const [raw, e164, defaultCountry] of rows) {
    const phone = parsePhone(raw, { ...onWhatsApp, defaultCountry })
    assert.ok(!phone.ok)
    assert.match(phone.reason, /unclear.*plus and its country code/)
    assert.equal(phone.hint, `Did you mean "${e164}"?`)
  }
})

test('what is no phone is refused with the reason', () => {
  const rows: [raw: unknown, reason: RegExp][] = [
    ['', /is empty/],
    ['   ', /is empty/],
    ['+', /no digits/],
    ['hello', /contains letters/],
    ['549112345678x', /contains letters/],
    ['549 11 2345 #6789', /contains "#"/],
    ['+54 9 11 +2345 6789', /contains "\+"/],
    ['{{ $json.phone }}', /placeholder that the calling flow did not fill in/],
    ['undefined', /placeholder/],
    ['<phone>', /placeholder/],
    ['123', /too short \(3 digits\)/],
    ['+49151', /too short/],
    ['+34 612 345 67', /too short for a number of \+34/],
    ['+34 612 345 678 9', /too long for a number of \+34/],
    ['5491123456789 / 5491123456780', /too long \(26 digits, 15 at most\)/],
    ['9'.repeat(1000), /too long/],
    ['+999123456', /no country's calling code begins it \(\+999…\)/],
    ['+0351 15 234-5678', /no country's calling code/],
    ['549112345678', /Argentine numbers have 10 digits/],
    ['5541388776655', /Brazilian numbers/],
    ['+1 198 765 4321', /no area code 198/],
    ['76201477542116@lid', /LID, which hides the number/],
    ['US.13491208655302741918', /user id, which hides the number/],
    ['12036304@g.us', /WhatsApp group/],
    ['status@broadcast', /status feed/],
    ['12036304@broadcast', /broadcast list/],
    ['12036304@newsletter', /newsletter/],
    ['ana@example.com', /contains letters/],
    [undefined, /must be a string/],
    [{}, /must be a string/],
    [-5491123456789, /must be a string/],
  ]
  for (const [raw, reason] of rows) assert.match(refusal(raw), reason, String(raw))
})

test('a default country that does not exist refuses national forms and leaves international ones alone', () => {
  assert.match(refusal('011 15 2345-6789', 'ZZ'), /default country "ZZ" is unknown/)
  assert.equal(canonical('5491123456789', 'ZZ'), '+5491123456789')
  assert.equal(canonical('5491123456789', '__proto__'), '+5491123456789')
})

test('a long or hostile value is quoted short and visible', () => {
  const reason = refusal(`\u202e${'x'.repeat(200)}`)
  assert.ok(reason.length < 160)
  assert.match(reason, /\\u\{202E\}/)
})

test('digits are the canonical number without its plus', () => {
  assert.deepEqual(parsePhone('554188776655', elsewhere), { ok: true, e164: '+5541988776655', digits: '5541988776655' })
})
