import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readExpiry, readName, readNewId, readScopes } from './options.ts'

const dayMs = 24 * 60 * 60 * 1000

test('a key may expire in days from now, on a day, or at a time', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.UTC(2026, 2, 1) })
  assert.equal(readExpiry('90d').getTime(), Date.now() + 90 * dayMs)
  assert.equal(readExpiry('2030-01-31').toISOString(), '2030-01-31T00:00:00.000Z')
  assert.equal(readExpiry('2030-01-31T12:00:00-03:00').toISOString(), '2030-01-31T15:00:00.000Z')
})

test('an expiry that is past, or no time at all, is refused', () => {
  assert.throws(() => readExpiry('2020-01-31'), /must lie in the future/)
  for (const text of ['tomorrow', '0d', '-1d', '2030-02-30', '2030-13-01', '2030-01-31T12:00', '']) {
    assert.throws(() => readExpiry(text), /must be days from now such as 90d/, text)
  }
})

test('an expiry past the year 9999 is refused as too far ahead', () => {
  for (const text of ['99999999d', '999999999999999d', '3000000d', '9999-12-31T23:59:59-01:00']) {
    assert.throws(() => readExpiry(text), /is too far ahead: the last year is 9999/, text)
  }
  assert.equal(readExpiry('9999-12-31').toISOString(), '9999-12-31T00:00:00.000Z')
  assert.ok(readExpiry('100000d').getTime() > Date.now())
})

test('scopes are a list without repeats; an unknown one is refused with those there are', () => {
  assert.deepEqual(readScopes('messages:write, history:read,messages:write'), ['messages:write', 'history:read'])
  for (const text of ['write', '', ',', 'admin,root']) assert.throws(() => readScopes(text), /of messages:write, .*admin/, text)
})

test('names and ids have their limits', () => {
  assert.equal(readName(' Ferretería Sur '), 'Ferretería Sur')
  for (const text of ['', '  ', 'x'.repeat(257)]) assert.throws(() => readName(text), /must/)
  assert.equal(readNewId('cmi9q2x7d3q5s7u9w1y3a5c7e'), 'cmi9q2x7d3q5s7u9w1y3a5c7e')
  for (const text of ['a b', 'ñ', 'x'.repeat(257)]) assert.throws(() => readNewId(text), /printable ASCII/)
})
