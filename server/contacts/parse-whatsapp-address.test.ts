import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseWhatsAppAddress } from './parse-whatsapp-address.ts'

const good: [raw: string, kind: string, value: string][] = [
  ['5491123456789', 'phone', '+5491123456789'],
  ['541123456789', 'phone', '+5491123456789'],
  ['5491123456789:75@s.whatsapp.net', 'phone', '+5491123456789'],
  ['554188776655@c.us', 'phone', '+5541988776655'],
  ['76201477542116@lid', 'lid', '76201477542116@lid'],
  ['76201477542116:75@lid', 'lid', '76201477542116@lid'],
  [' 76201477542116@LID ', 'lid', '76201477542116@lid'],
  ['US.13491208655302741918', 'whatsapp_user', 'US.13491208655302741918'],
  ['AR.5491123456789', 'whatsapp_user', 'AR.5491123456789'],
  ['US.ENT.11815799212886844830', 'whatsapp_user', 'US.ENT.11815799212886844830'],
]

for (const [raw, kind, value] of good) {
  test(`${raw} is a WhatsApp ${kind}`, () => {
    const address = parseWhatsAppAddress(raw)
    assert.ok(address.ok)
    assert.deepEqual([address.kind, address.value], [kind, value])
  })
}

test('a national phone is read with the default country', () => {
  const address = parseWhatsAppAddress('011 15 2345-6789', { defaultCountry: 'AR' })
  assert.deepEqual(address, { ok: true, kind: 'phone', value: '+5491123456789', aliases: ['+541123456789'] })
})

const refused: [raw: unknown, reason: RegExp][] = [
  ['120363041234567890@g.us', /"120363041234567890@g\.us" is no person on WhatsApp: it is a WhatsApp group/],
  ['5491123456789-1398371000@g.us', /group/],
  ['status@broadcast', /status feed/],
  ['123@newsletter', /newsletter/],
  ['visitor-abc123', /contains letters/],
  ['us.13491208655302741918', /contains letters/],
  [`US.${'1'.repeat(129)}`, /contains letters/],
  ['abc@lid', /contains letters/],
  ['5491123456789@example.com', /contains letters/],
  ['15 2345 6789', /defaultCountry/],
  [null, /must be a string/],
]

for (const [raw, reason] of refused) {
  test(`${String(raw).slice(0, 40)} is refused as a WhatsApp address`, () => {
    const address = parseWhatsAppAddress(raw)
    assert.ok(!address.ok)
    assert.match(address.reason, reason)
  })
}
