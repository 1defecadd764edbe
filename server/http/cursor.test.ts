import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HiloError } from '../errors.ts'
import { readCursor, writeCursor } from './cursor.ts'

const encode = (text: string) => Buffer.from(text).toString('base64url')
const isRefused = (error: unknown) => (
  error instanceof HiloError && error.code === 'INVALID_REQUEST' && error.field === 'cursor'
)

test('a cursor comes back as it was written', () => {
  const time = fc.tuple(fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }), fc.nat(999))
    .map(([date, micros]) => date.toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`))
  const text = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0'))
  fc.assert(fc.property(fc.tuple(time, text, fc.nat(2 ** 31 - 1)), (values) => {
    assert.deepEqual(readCursor(writeCursor(values), ['time', 'text', 'integer']), values)
  }))
})

test('no cursor and an empty one start from the beginning', () => {
  assert.equal(readCursor(undefined, ['time', 'text']), undefined)
  assert.equal(readCursor('', ['time', 'text']), undefined)
})

test('what is no cursor of this list is refused, naming the field', () => {
  const time = '2026-01-02T03:04:05.678901Z'
  const broken = [
    'x', '%%%', encode('{'), encode('null'), encode('{}'), encode('"text"'), encode('[]'),
    writeCursor([time]), writeCursor([time, 1, 2]), writeCursor([1, time]), writeCursor([time, 'text']),
    writeCursor([time, 1.5]), writeCursor([time, 2 ** 31]), encode(`["${time}", 1e999]`), encode(`["${time}", null]`),
    ...['infinity', 'now', '', '2026-02-30T00:00:00.000000Z', '0000-01-01T00:00:00.000000Z', '2026-01-02T03:04:05Z',
      '2026-13-01T00:00:00.000000Z', '2026-01-01T25:00:00.000000Z', `${time}'`].map((text) => writeCursor([text, 1])),
  ]
  for (const cursor of broken) assert.throws(() => readCursor(cursor, ['time', 'integer']), isRefused, cursor)
})

test('any text whatever is read or refused, never anything else', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json().map(encode)), (cursor) => {
    try {
      readCursor(cursor, ['text', 'integer'])
    } catch (error) {
      assert.ok(isRefused(error))
    }
  }))
})

test('text that PostgreSQL cannot store is refused', () => {
  for (const text of ['a\0b', '\ud800']) assert.throws(() => readCursor(encode(JSON.stringify([text])), ['text']), isRefused)
})
