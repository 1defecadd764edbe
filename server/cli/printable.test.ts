import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toPrintable, toPrintableJson } from './printable.ts'

const hostile = 'a\t\u001b[2J\r\n\u009b31m\u007f\u202eb ñ😀'

test('text keeps its lines and nothing else that a terminal would obey', () => {
  assert.equal(toPrintable(hostile), 'a\t�[2J�\n�31m��b ñ😀')
})

test('JSON says the same as before, in signs that a terminal shows', () => {
  const json = toPrintableJson({ hostile })
  assert.equal(json, String.raw`{"hostile":"a\t\u001b[2J\r\n\u009b31m\u007f\u202eb ñ😀"}`)
  assert.deepEqual(JSON.parse(json), { hostile })
})
