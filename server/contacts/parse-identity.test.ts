import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseEmail, parseUserId } from './parse-identity.ts'

test('an e-mail address is trimmed and case-folded', () => {
  const rows = [
    [' Ana.Perez+hilo@Example.COM ', 'ana.perez+hilo@example.com'],
    ['O\'Brien@example.co.uk', 'o\'brien@example.co.uk'],
    ['josé@correo.example', 'josé@correo.example'],
  ]
  for (const [raw, value] of rows) assert.deepEqual(parseEmail(raw), { ok: true, value })
})

test('null, undefined and blanks are no e-mail address at all', () => {
  for (const raw of [null, undefined, '', '  ']) assert.deepEqual(parseEmail(raw), { ok: true, value: undefined })
})

test('what is no e-mail address is refused with the reason', () => {
  const rows: [raw: unknown, reason: RegExp][] = [
    ['ana', /no e-mail address/],
    ['ana@localhost', /no e-mail address/],
    ['ana@@example.com', /no e-mail address/],
    ['ana@example..com', /no e-mail address/],
    ['ana perez@example.com', /no e-mail address/],
    ['ana@example.com, eva@example.com', /no e-mail address/],
    ['ana\u200b@example.com', /no e-mail address/],
    ['ana\u0000@example.com', /no e-mail address/],
    ['{{ $json.email }}', /placeholder/],
    ['${user}@example.com', /placeholder/],
    ['undefined', /placeholder/],
    [`${'a'.repeat(250)}@b.co`, /longer than 254 characters/],
    [42, /must be a string, not of type number/],
  ]
  for (const [raw, reason] of rows) {
    const email = parseEmail(raw)
    assert.ok(!email.ok, String(raw))
    assert.match(email.reason, reason)
  }
})

test('the reason names the field that the caller meant', () => {
  const email = parseEmail('ana', 'email')
  assert.ok(!email.ok)
  assert.match(email.reason, /^email "ana" is no e-mail address/)
})

test('an address with its name in front is refused with the address alone as the hint', () => {
  const email = parseEmail('Ana Pérez <ana@example.com>')
  assert.ok(!email.ok)
  assert.equal(email.hint, 'Did you mean "ana@example.com"?')
})

test('a user id follows the rules of all ids and keeps its case', () => {
  assert.deepEqual(parseUserId('Lead-42'), { ok: true, value: 'Lead-42' })
  assert.deepEqual(parseUserId(42), { ok: true, value: '42' })
  const unfilled = parseUserId('undefined')
  assert.ok(!unfilled.ok)
  assert.match(unfilled.reason, /^contact\.userId "undefined" is a placeholder/)
})
