import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseId } from './parse-id.ts'

const good: unknown[] = [
  'visitor-abc123', 'cmabcdefghijklmnopqrstuvw', '5491155550000', '+54 9 11 5555-0000', 'a@b.example', 'null-island',
  'undefinedbehavior', 'None-such', 'NaNcy', 'my_nullable_id', 'a__b', '_x_', 'lead #42', 'Ñandú', '日本', '💬',
  '{"a":1}', 'price<5', 'a > b', '100%', '$5', 'constructor', '__proto__', 'a/b:c', '\\', '"', '\'', ';drop table', 'x'.repeat(256),
  '💬'.repeat(256), 'UNDEFINED', 'none', 'nil',
]

for (const raw of good) {
  test(`an id is kept as it is: ${String(raw).slice(0, 40)}`, () => {
    assert.deepEqual(parseId('visitorId', raw), { ok: true, value: raw })
  })
}

test('null, undefined and the empty string mean that there is no id', () => {
  for (const raw of [null, undefined, '']) assert.deepEqual(parseId('visitorId', raw), { ok: true, value: undefined })
})

test('a whole number becomes its digits', () => {
  const rows: [number, string][] = [[0, '0'], [-0, '0'], [123, '123'], [-1001234, '-1001234'], [5491155550000, '5491155550000']]
  rows.push([Number.MAX_SAFE_INTEGER, '9007199254740991'])
  for (const [raw, value] of rows) assert.deepEqual(parseId('visitorId', raw), { ok: true, value })
})

const placeholders = [
  '{organizationId}', '{{ $json.id }}', '{{$json["id"]}}', '={{ $json.id }}', '={{ }}', '{{ $json.id', '${phone}', '<phone>',
  '<telephone-number>', '[object Object]', 'undefined', 'null', 'NaN', 'None', 'crmchatsappai_undefined_12', 'a{b}',
  'org_agent_undefined', 'org_null', 'NaN_1', 'org_{agentId}_549', 'org_<agent>_549', 'x-{{ $json.id }}-y', '$json.body.id',
  '=$json.id', '$node["Webhook"].json.id', '[object Object]_1', '{ phone }', 'org_[object Promise]',
]

for (const raw of placeholders) {
  test(`a placeholder that a flow did not fill is refused as such: ${raw}`, () => {
    const id = parseId('visitorId', raw)
    assert.ok(!id.ok)
    assert.match(id.reason, /^visitorId ".*" (is|contains ".*",) a placeholder that the calling flow did not fill in\.$/)
  })
}

const hostile: [raw: unknown, reason: RegExp, hint?: string][] = [
  [' a ', /visitorId " a " begins or ends with a blank/, 'Did you mean "a"?'],
  ['a\n', /begins or ends with a blank/, 'Did you mean "a"?'],
  ['\u00a0a', /begins or ends with a blank/, 'Did you mean "a"?'],
  [' ', /consists of blanks only/],
  ['\n\t', /consists of blanks only/],
  ['a\nb', /contains a line break/],
  ['a\r\nb', /contains a line break/],
  ['a\u2028b', /contains a line break/],
  ['a\u0085b', /contains a line break/],
  ['a\0b', /contains a control character \(U\+0000\)/],
  ['a\tb', /contains a control character \(U\+0009\)/],
  ['a\u001bb', /contains a control character \(U\+001B\)/],
  ['a\u007fb', /contains a control character \(U\+007F\)/],
  ['a\ud800', /lone surrogate/],
  ['\udc00a', /lone surrogate/],
  ['a\u200bb', /contains an invisible character \(U\+200B\)/],
  ['a\u200f', /\(U\+200F\)/],
  ['\u202eabc', /\(U\+202E\)/],
  ['a\u2060', /\(U\+2060\)/],
  ['\ufeffa', /\(U\+FEFF\)/],
  ['a\u00ad', /\(U\+00AD\)/],
  ['a\u2066b', /\(U\+2066\)/],
  ['a\u3164', /\(U\+3164\)/],
  ['x'.repeat(257), /longer than 256 characters/],
  ['💬'.repeat(257), /longer than 256 characters/],
  ['x'.repeat(1_000_000), /longer than 256 characters/],
  [2 ** 53, /too large for a JSON number: digits were lost on the way. Send it as a string/],
  [1e300, /too large/],
  [Infinity, /too large/],
  [-(2 ** 53), /too large/],
  [1.5, /must be whole/],
  [NaN, /must be whole/],
  [true, /must be a string, not of type boolean/],
  [{}, /must be a string, not of type object/],
  [[], /must be a string, not a list/],
  [10n, /must be a string, not of type bigint/],
]

for (const [raw, reason, hint] of hostile) {
  const name = typeof raw === 'string' ? JSON.stringify(raw).slice(0, 40) : `${typeof raw} ${String(raw)}`
  test(`a hostile id is refused with the reason: ${name}`, () => {
    const id = parseId('visitorId', raw)
    assert.ok(!id.ok)
    assert.match(id.reason, reason)
    assert.equal(id.hint, hint)
    assert.ok(id.reason.length < 250)
    assert.doesNotMatch(id.reason, /[\p{Cc}\p{Cf}\p{Cs}]/u)
  })
}
