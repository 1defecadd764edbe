import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseChannelExternalId } from './parse-channel-external-id.ts'

const organizationId = 'cmorganization00000000001'
const pathAgentId = 'cmagent000000000000000001'
const whatsapp = { organizationId, pathAgentId, channel: 'whatsapp' }
const inArgentina = { ...whatsapp, defaultCountry: 'AR' }
const whole = `${organizationId}_${pathAgentId}_5491155550000`

test('the three writings of one Argentine phone are one conversation key', () => {
  for (const phone of ['5491155550000', '+54 9 11 5555-0000', '541155550000', '5491155550000@s.whatsapp.net']) {
    const id = parseChannelExternalId(`${organizationId}_${pathAgentId}_${phone}`, whatsapp)
    assert.ok(id.ok && id.kind === 'whatsapp')
    assert.equal(id.key, `${pathAgentId}_+5491155550000`)
    assert.equal(id.agentId, pathAgentId)
    assert.equal(id.address.value, '+5491155550000')
  }
})

test('the agent of the id counts, not the agent of the path', () => {
  const id = parseChannelExternalId(`${organizationId}_other_5491155550000`, whatsapp)
  assert.ok(id.ok && id.kind === 'whatsapp')
  assert.deepEqual([id.agentId, id.key], ['other', 'other_+5491155550000'])
})

test('ids with underscores are taken apart at the organization and at the last underscore', () => {
  const context = { organizationId: 'my_org', pathAgentId: 'my_sales_agent', channel: 'whatsapp' }
  const id = parseChannelExternalId('my_org_my_sales_agent_5491155550000', context)
  assert.ok(id.ok && id.kind === 'whatsapp')
  assert.equal(id.agentId, 'my_sales_agent')
  const strange = parseChannelExternalId('my_org__bot__5491155550000', { ...context, pathAgentId: '_bot_' })
  assert.ok(strange.ok && strange.kind === 'whatsapp')
  assert.equal(strange.agentId, '_bot_')
})

test('a LID and a WhatsApp user id stand where the phone stands', () => {
  for (const value of ['76201477542116@lid', 'US.13491208655302741918']) {
    const id = parseChannelExternalId(`${organizationId}_${pathAgentId}_${value}`, whatsapp)
    assert.ok(id.ok && id.kind === 'whatsapp')
    assert.equal(id.key, `${pathAgentId}_${value}`)
  }
})

test('a national phone is read with the default country', () => {
  const raw = `${organizationId}_${pathAgentId}_011 15 5555-0000`
  const id = parseChannelExternalId(raw, inArgentina)
  assert.ok(id.ok && id.kind === 'whatsapp')
  assert.equal(id.address.value, '+5491155550000')
  assert.equal(parseChannelExternalId(raw, whatsapp).ok, false)
})

test('null, undefined and the empty string mean that there is no id', () => {
  for (const raw of [null, undefined, '']) {
    assert.deepEqual(parseChannelExternalId(raw, whatsapp), { ok: true, kind: 'absent' })
  }
})

const corrected: [raw: string, reason: RegExp][] = [
  ['5491155550000', /is a phone without the organization and the agent in front/],
  ['+54 9 11 5555-0000', /is a phone without the organization/],
  ['541155550000', /is a phone without the organization/],
  [`${organizationId}_5491155550000`, /lacks the agent id/],
  [`${organizationId}__5491155550000`, /lacks the agent id/],
  [`${pathAgentId}_5491155550000`, /lacks the organization id/],
  [`${organizationId}-${pathAgentId}-5491155550000`, /single underscores/],
  [`${organizationId} ${pathAgentId} 5491155550000`, /single underscores/],
  [`${organizationId}.${pathAgentId}.5491155550000`, /single underscores/],
  [`${organizationId}:${pathAgentId}:5491155550000`, /single underscores/],
  [`${organizationId}/${pathAgentId}/+54 9 11 5555 0000`, /single underscores/],
  [`${organizationId}_${pathAgentId}-5491155550000`, /single underscores/],
  [`${organizationId}_${pathAgentId}5491155550000`, /single underscores/],
  [`${organizationId}__${pathAgentId}__5491155550000`, /single underscores/],
  [`${organizationId.toUpperCase()}_${pathAgentId}_5491155550000`, /ids written as they are/],
]

for (const [raw, reason] of corrected) {
  test(`what comes near the form is refused with the whole right id: ${raw}`, () => {
    const id = parseChannelExternalId(raw, whatsapp)
    assert.ok(!id.ok)
    assert.match(id.reason, reason)
    assert.equal(id.hint, `Did you mean "${whole}"?`)
  })
}

test('the hint for a bare LID or user id keeps it as it is', () => {
  const id = parseChannelExternalId('76201477542116@lid', whatsapp)
  assert.ok(!id.ok)
  assert.equal(id.hint, `Did you mean "${organizationId}_${pathAgentId}_76201477542116@lid"?`)
})

const refused: [raw: unknown, reason: RegExp][] = [
  [organizationId, /lacks the agent id, the phone/],
  [`${organizationId}_`, /lacks the agent id, the phone/],
  [`${organizationId}_${pathAgentId}`, /lacks the agent id, the phone/],
  [`${organizationId}_${pathAgentId}_`, /lacks the agent id, the phone/],
  ['hello', /has fewer than three parts/],
  [`${organizationId}_${pathAgentId}_hello`, /must end in a phone: "hello" is no phone number: it contains letters/],
  [`${organizationId}_${pathAgentId}_5491155550000_extra`, /must end in a phone: "extra"/],
  [`${organizationId}_${pathAgentId}_15 2345 6789`, /must end in a phone.*defaultCountry/],
  [`${organizationId}_${pathAgentId}_123@g.us`, /must end in a phone.*WhatsApp group/],
  [`${organizationId}_${pathAgentId}_status@broadcast`, /status feed/],
  [`${organizationId}_${pathAgentId}_undefined`, /placeholder/],
  [`${organizationId}_{agentId}_5491155550000`, /placeholder/],
  ['{organizationId}_{agentId}_{telephoneNumber}', /placeholder/],
  ['={{ $json.id }}', /placeholder/],
  [` ${whole}`, /begins or ends with a blank/],
  [{}, /must be a string/],
]

for (const [raw, reason] of refused) {
  test(`on WhatsApp it is refused with the reason: ${String(raw)}`, () => {
    const id = parseChannelExternalId(raw, whatsapp)
    assert.ok(!id.ok)
    assert.match(id.reason, reason)
  })
}

test('the organization of another key is refused, and only the expected one is named', () => {
  const id = parseChannelExternalId(`cmorganization00000000002_${pathAgentId}_5491155550000`, whatsapp)
  assert.ok(!id.ok)
  assert.match(id.reason, /names an organization that is not the API key's own; "cmorganization00000000001" was expected/)
  assert.equal(id.hint, undefined)
})

test('an organization whose id only begins like the own one is another one', () => {
  const id = parseChannelExternalId(`${organizationId}2_${pathAgentId}_5491155550000`, whatsapp)
  assert.ok(!id.ok)
})

test('on another channel any id is free-form and its key belongs to that channel', () => {
  for (const value of ['5491155550000', 'session_1', `other_${pathAgentId}_5491155550000`, `${organizationId}_ticket_x9`]) {
    const id = parseChannelExternalId(value, { ...whatsapp, channel: 'telegram' })
    assert.deepEqual(id, { ok: true, kind: 'free', key: `telegram:${value}`, value })
  }
  const first = parseChannelExternalId('1', { ...whatsapp, channel: 'slack' })
  const second = parseChannelExternalId('1', { ...whatsapp, channel: 'crisp' })
  assert.ok(first.ok && second.ok && first.kind === 'free' && second.kind === 'free')
  assert.notEqual(first.key, second.key)
})

test('on another channel the form of WhatsApp is read as WhatsApp, with a warning', () => {
  const id = parseChannelExternalId(whole, { ...whatsapp, channel: 'api' })
  assert.ok(id.ok && id.kind === 'whatsapp')
  assert.equal(id.key, `${pathAgentId}_+5491155550000`)
  assert.match(id.warning ?? '', /read as such, although the channel is "api"/)
})

test('on another channel placeholders are refused all the same', () => {
  assert.equal(parseChannelExternalId('{{ $json.chat.id }}', { ...whatsapp, channel: 'telegram' }).ok, false)
})
