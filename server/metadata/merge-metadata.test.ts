import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HiloError } from '../errors.ts'
import { mergeMetadata } from './merge-metadata.ts'

test('keys are replaced as a whole, added, kept, or removed by null', () => {
  const before = { kept: 1, replaced: { a: 1, b: 2 }, removed: 'x', storedNull: null, constructor: 'mine' }
  const change = { replaced: { a: null }, removed: null, neverThere: null, added: [null] }
  assert.deepEqual(mergeMetadata(before, change), {
    kept: 1, replaced: { a: null }, storedNull: null, constructor: 'mine', added: [null],
  })
  assert.equal(before.removed, 'x')
})

test('16 KiB of JSON are kept, one byte more is refused with the size', () => {
  const value = 'x'.repeat(16 * 1024 - '{"a":""}'.length)
  assert.deepEqual(mergeMetadata({}, { a: value }), { a: value })
  assert.throws(() => mergeMetadata({ a: value.slice(6) }, { b: '' }), (error) => (
    error instanceof HiloError && error.code === 'INVALID_REQUEST' && error.message.includes('16385')
  ))
})
