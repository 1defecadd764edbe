import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toAsciiDigits } from './ascii-digits.ts'
import { editDistance } from './edit-distance.ts'
import { parseChannelExternalId } from './parse-channel-external-id.ts'
import { parseConversationId } from './parse-conversation-id.ts'
import { parseId } from './parse-id.ts'
import { quote } from './refusal.ts'

const chatwootNumber = fc.bigInt({ min: 1n, max: 10n ** 18n - 1n }).map(String)
const separator = fc.constantFrom('_', '-', ' ', '.', ':', '/', '__', '_ ', '')
const organizationId = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,30}$/)
const agentId = fc.stringMatching(/^[a-zA-Z0-9]([a-zA-Z0-9_-]{0,20}[a-zA-Z0-9])?$/)
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.stringMatching(/^[crmhatspi]{9,15}[_ -]?[0-9a-c]{0,3}[_ -]?[0-9]{0,20}$/),
  fc.stringMatching(/^org[_-]{0,2}agent[_-]{0,2}[0-9@.+lid]{0,16}$/),
)

test('a right Chatwoot id always comes back as it was, with its two numbers', () => {
  fc.assert(fc.property(chatwootNumber, chatwootNumber, (accountId, conversationDisplayId) => {
    const value = `crmchatsappai_${accountId}_${conversationDisplayId}`
    const expected = { ok: true, kind: 'chatwoot', value, accountId, conversationDisplayId }
    assert.deepEqual(parseConversationId(value), expected)
  }))
})

test('no separators, case or sign around the numbers ever make another conversation of a Chatwoot id', () => {
  const prefix = fc.constantFrom('crmchatsappai', 'CRMChatsAppAI', 'crmchatsapai', 'Crmchatappai')
  const parts = fc.record({ prefix, first: separator, account: chatwootNumber, second: separator, id: chatwootNumber })
  fc.assert(fc.property(parts, ({ prefix, first, account, second, id }) => {
    const parsed = parseConversationId(`${prefix}${first}${account}${second}${id}`)
    const right = `crmchatsappai_${account}_${id}`
    if (parsed.ok) assert.ok(parsed.kind === 'chatwoot' && parsed.value === right)
    else if (second !== '') assert.equal(parsed.hint, `Did you mean "${right}"?`)
  }), { numRuns: 1000 })
})

test('a channelExternalId of WhatsApp always gives back its agent and its phone', () => {
  const context = fc.record({ organizationId, pathAgentId: agentId, channel: fc.constant('whatsapp') })
  const digits = fc.stringMatching(/^54911\d{8}$/)
  fc.assert(fc.property(context, agentId, digits, (asker, agent, phone) => {
    const id = parseChannelExternalId(`${asker.organizationId}_${agent}_${phone}`, asker)
    if (!id.ok) return assert.match(id.reason, /placeholder/)
    assert.ok(id.kind === 'whatsapp')
    assert.deepEqual([id.agentId, id.address.value], [agent, `+${phone}`])
  }), { numRuns: 500 })
})

test('the corrected id in a hint is always accepted', () => {
  const context = { organizationId: 'org', pathAgentId: 'agent', channel: 'whatsapp', defaultCountry: 'AR' }
  const corrected = (parsed: { ok: boolean, hint?: string }, start: string) =>
    new RegExp(`^Did you mean "(${start}.*)"\\?$`, 's').exec(parsed.hint ?? '')?.[1] ?? null
  fc.assert(fc.property(anyText, (raw) => {
    const chatwoot = corrected(parseConversationId(raw), 'crmchatsappai_')
    if (chatwoot !== null) assert.ok(parseConversationId(chatwoot).ok, chatwoot)
    const whatsapp = corrected(parseChannelExternalId(raw, context), 'org_agent_')
    if (whatsapp !== null) assert.ok(parseChannelExternalId(whatsapp, context).ok, whatsapp)
  }), { numRuns: 3000 })
})

test('the parsers of ids never throw and always give a reason', () => {
  const context = fc.record({
    organizationId,
    pathAgentId: agentId,
    channel: fc.constantFrom('whatsapp', 'api', 'telegram'),
    defaultCountry: fc.constantFrom(undefined, 'AR', 'ZZ'),
  })
  fc.assert(fc.property(fc.oneof(anyText, fc.anything()), context, (raw, asker) => {
    for (const parsed of [parseId('x', raw), parseConversationId(raw), parseChannelExternalId(raw, asker)]) {
      if (!parsed.ok) assert.ok(parsed.reason.length > 0 && parsed.reason.isWellFormed())
    }
  }), { numRuns: 3000 })
})

test('an accepted id is the very text that was sent', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (raw) => {
    const id = parseId('x', raw)
    if (id.ok) assert.equal(id.value ?? '', raw)
  }), { numRuns: 1000 })
})

test('a quoted value is short, well formed and shows nothing invisible', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (value) => {
    const quoted = quote(value)
    assert.ok(quoted.isWellFormed())
    assert.doesNotMatch(quoted, /[\p{Cc}\p{Cf}\u2028\u2029]/u)
    if (/^[a-z ]*$/.test(value)) assert.ok(quoted.length <= 82)
  }), { numRuns: 1000 })
})

test('the digits of every script are read as 0 to 9', () => {
  for (const zero of '0٠۰०০๐０𝟎') {
    const all = Array.from({ length: 10 }, (_, value) => String.fromCodePoint((zero.codePointAt(0) ?? 0) + value))
    assert.equal(toAsciiDigits(all.join('')), '0123456789', zero)
  }
})

test('the edit distance counts letters inserted, removed and replaced', () => {
  const rows: [string, string, number][] = [['', 'ab', 2], ['abc', 'abc', 0], ['abc', 'ac', 1], ['kitten', 'sitting', 3]]
  for (const [from, to, distance] of rows) assert.equal(editDistance(from, to), distance)
})
