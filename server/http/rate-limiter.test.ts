import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRateLimiter } from './rate-limiter.ts'

test('allows so many per minute to each, and says how long to wait', () => {
  let time = 0
  const limiter = createRateLimiter(2, () => time)
  assert.deepEqual([limiter.count('a'), limiter.count('a'), limiter.count('b')], [0, 0, 0])
  time = 45_500
  assert.deepEqual([limiter.count('a'), limiter.count('b'), limiter.count('b')], [15, 0, 15])
  time = 60_000
  assert.equal(limiter.count('a'), 0)
})

test('0 is no limit', () => {
  const limiter = createRateLimiter(0)
  for (let count = 0; count < 1000; count++) assert.equal(limiter.count('a'), 0)
})

test('made-up names cannot fill the memory, nor lift the limit of those that are counted', () => {
  const limiter = createRateLimiter(1, () => 0)
  assert.equal(limiter.count('a'), 0)
  for (let name = 0; name < 150_000; name++) limiter.count(String(name))
  assert.equal(limiter.count('a'), 60)
  assert.equal(limiter.count('149999'), 0)
  assert.equal(limiter.count('149999'), 0)
})
