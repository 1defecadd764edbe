import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConversationId } from './parse-conversation-id.ts'

test('a Chatwoot id gives its account and its conversation', () => {
  assert.deepEqual(parseConversationId('crmchatsappai_12_345'), {
    ok: true,
    kind: 'chatwoot',
    value: 'crmchatsappai_12_345',
    accountId: '12',
    conversationDisplayId: '345',
  })
  const longest = `crmchatsappai_${'9'.repeat(18)}_${'1'.repeat(18)}`
  assert.equal(parseConversationId(longest).ok, true)
})

test('null, undefined and the empty string mean that there is no id', () => {
  for (const raw of [null, undefined, '']) assert.deepEqual(parseConversationId(raw), { ok: true, kind: 'absent' })
})

const freeForm = [
  'cmabcdefghijklmnopqrstuvw', 'chatwoot_1_2', 'crm_1_2', 'chat', 'conversation-77', '5491155550000-lead', 'null-island',
  'crmchatgpt_1_2', 'cabcdefghijkl_1_2', 'Ñ', 'wa:+5491155550000', 'crm-chat-1-2', '0123456789012', '__proto__',
]

for (const raw of freeForm) {
  test(`any other id is free-form: ${raw}`, () => {
    const id = parseConversationId(raw)
    assert.ok(id.ok && id.kind === 'free')
    assert.equal(id.value, raw)
  })
}

test('a bare number is accepted with a warning that it is only unique within one Chatwoot account', () => {
  for (const raw of ['123', 123]) {
    const id = parseConversationId(raw)
    assert.ok(id.ok && id.kind === 'free')
    assert.equal(id.value, '123')
    assert.match(id.warning ?? '', /bare number.*one Chatwoot account\. Send crmchatsappai_\{accountId\}_\{conversationId\}/)
  }
})

const corrected: [raw: string, correction: string, problem: RegExp][] = [
  ['CRMchatsappai_1_2', 'crmchatsappai_1_2', /lower case/],
  ['CRMCHATSAPPAI_1_2', 'crmchatsappai_1_2', /lower case/],
  ['crmchatsappai-1-2', 'crmchatsappai_1_2', /single underscores/],
  ['crmchatsappai 1 2', 'crmchatsappai_1_2', /single underscores/],
  ['crmchatsappai.1.2', 'crmchatsappai_1_2', /single underscores/],
  ['crmchatsappai:1:2', 'crmchatsappai_1_2', /single underscores/],
  ['crmchatsappai/1/2', 'crmchatsappai_1_2', /single underscores/],
  ['crmchatsappai|1|2', 'crmchatsappai_1_2', /single underscores/],
  ['crmchatsappai__1__2', 'crmchatsappai_1_2', /single underscores/],
  ['crmchatsappai_1_2_', 'crmchatsappai_1_2', /single underscores/],
  ['_crmchatsappai_1_2', 'crmchatsappai_1_2', /first part/],
  ['"crmchatsappai_1_2"', 'crmchatsappai_1_2', /first part/],
  ['crmchatsappai_1 _2', 'crmchatsappai_1_2', /single underscores/],
  ['crmchatsappai1_2', 'crmchatsappai_1_2', /single underscores/],
  ['crmchatsappai1234_2', 'crmchatsappai_1234_2', /single underscores/],
  ['crmchatsappai_01_002', 'crmchatsappai_1_2', /leading zeros/],
  ['crmchatsappai_+1_2', 'crmchatsappai_1_2', /signs/],
  ['crmchatsappai_1_-2', 'crmchatsappai_1_2', /signs/],
  ['crmchatsapai_1_2', 'crmchatsappai_1_2', /first part must be "crmchatsappai"/],
  ['crmchatappai_1_2', 'crmchatsappai_1_2', /first part/],
  ['crmchatsapp_1_2', 'crmchatsappai_1_2', /first part/],
  ['cmrchatsappai_1_2', 'crmchatsappai_1_2', /first part/],
  ['crmchatsapppai_1_2', 'crmchatsappai_1_2', /first part/],
  ['crm_chatsappai_1_2', 'crmchatsappai_1_2', /first part/],
  ['crm-chatsapp-ai-1-2', 'crmchatsappai_1_2', /first part/],
  ['crmchatsappai_１_２', 'crmchatsappai_1_2', /plain ASCII/],
  ['ｃｒｍｃｈａｔｓａｐｐａｉ＿１＿２', 'crmchatsappai_1_2', /plain ASCII/],
  ['crmchatsappai_١٢_٣', 'crmchatsappai_12_3', /plain ASCII/],
  [' crmchatsappai_1_2', 'crmchatsappai_1_2', /begins or ends with a blank/],
  ['crmchatsappai_1_2\n', 'crmchatsappai_1_2', /begins or ends with a blank/],
  [' CRMchatsappai-1-2 ', 'crmchatsappai_1_2', /begins or ends with a blank/],
  ['crmchatsappai_1\u200b_2', 'crmchatsappai_1_2', /invisible character \(U\+200B\)/],
  ['crmchatsappai_1\n_2', 'crmchatsappai_1_2', /line break/],
]

for (const [raw, correction, problem] of corrected) {
  test(`a near miss is refused with the right id: ${JSON.stringify(raw)}`, () => {
    const id = parseConversationId(raw)
    assert.ok(!id.ok)
    assert.match(id.reason, problem)
    assert.equal(id.hint, `Did you mean "${correction}"?`)
  })
}

const underivable: [raw: string, problem: RegExp][] = [
  ['crmchatsappai', /is missing/],
  ['crmchatsappai_', /is missing/],
  ['crmchatsappai_1', /is missing/],
  ['crmchatsappai_12', /is missing/],
  ['crmchatsappai__12', /is missing/],
  ['crmchatsappai_12_', /is missing/],
  ['crmchatsappai_1_2_3', /3 numbers instead of two/],
  ['crmchatsappai_1_2.0', /3 numbers instead of two/],
  ['crmchatsappai_1a_2', /letters where only digits belong/],
  ['crmchatsappai_1_2b', /letters where only digits belong/],
  ['crmchatsappai_a_b', /is missing/],
  ['crmchatsappai_1_x', /letters/],
  ['crmchatsappai_0_2', /counts accounts and conversations from 1/],
  [`crmchatsappai_${'1'.repeat(19)}_2`, /more than 18 digits/],
  ['crmchatsappai_undefined_12', /placeholder/],
  ['crmchatsappai_{{ $json.account.id }}_12', /placeholder/],
]

for (const [raw, problem] of underivable) {
  test(`a near miss whose right form nobody can tell is refused with the pattern: ${raw}`, () => {
    const id = parseConversationId(raw)
    assert.ok(!id.ok)
    assert.match(id.reason, problem)
    assert.match(id.hint ?? '', /^The form is crmchatsappai_\{accountId\}_\{customerId\}/)
  })
}

test('the checks of all ids hold', () => {
  for (const raw of ['undefined', '{{ $json.id }}', 'a\0b', '\ud800', 'x'.repeat(257), {}, [], true, 1.5, 2 ** 60]) {
    const id = parseConversationId(raw)
    assert.ok(!id.ok)
    assert.match(id.reason, /^conversationId /)
  }
})
