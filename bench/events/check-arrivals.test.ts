import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkEndpoints, checkReaders } from './check-arrivals.ts'
import type { LoggedEvent } from './logged-events.ts'

const conversations = ['one', 'other', 'one', null]
const log = new Map<number, LoggedEvent>(conversations.map((conversationId, place) => (
  [place + 1, { seq: place + 1, atMs: 0, committedAtMs: 0, conversationId }]
)))

const arrivals = (seqs: number[]) => ({ tenant: 0, seqs: Float64Array.from(seqs), atMs: new Float64Array(seqs.length) })
const counts = (checks: readonly { count: number }[]) => checks.map(({ count }) => count)
const checkReader = (seqs: number[], foreign = 0) => counts(checkReaders([{ ...arrivals(seqs), foreign }], [log]))
const checkEndpoint = (seqs: number[], firstSeq = 1) => counts(checkEndpoints([arrivals(seqs)], [firstSeq], [log]))

test('whatever a reader did not get, got twice, out of order or from elsewhere is counted', () => {
  assert.deepEqual(checkReader([1, 2, 3, 4]), [0, 0, 0, 0])
  assert.deepEqual(checkReader([1, 2]), [2, 0, 0, 0])
  assert.deepEqual(checkReader([1, 2, 2, 3, 4]), [0, 1, 0, 0])
  assert.deepEqual(checkReader([1, 3, 2, 4]), [0, 0, 1, 0])
  assert.deepEqual(checkReader([1, 2, 3, 4], 1), [0, 0, 0, 1])
})

test('an endpoint may get conversations in any order, but each in its own, and everything since it was created', () => {
  assert.deepEqual(checkEndpoint([4, 2, 1, 3]), [0, 0])
  assert.deepEqual(checkEndpoint([1, 2, 3, 1, 4]), [0, 0])
  assert.deepEqual(checkEndpoint([3, 4], 3), [0, 0])
  assert.deepEqual(checkEndpoint([3, 2, 1, 4]), [0, 1])
  assert.deepEqual(checkEndpoint([1, 3]), [2, 0])
})
