import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHeart } from './create-heart.ts'

test('a beat follows another, also one that failed, until it is stopped; the stop waits for the one on its way', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let beats = 0
  let beat = Promise.withResolvers<void>()
  const errors: unknown[] = []
  const heart = createHeart(() => {
    beats += 1
    return beat.promise
  }, { beatMs: 1000, onError: (error) => void errors.push(error) })
  const first = heart.start()
  beat.reject('refused')
  await first
  assert.deepEqual([beats, errors], [1, ['refused']])

  beat = Promise.withResolvers()
  t.mock.timers.tick(1000)
  assert.equal(beats, 2)
  let isStopped = false
  const stopped = heart.stop().then(() => isStopped = true)
  await Promise.resolve()
  assert.equal(isStopped, false)
  beat.resolve()
  await stopped
  t.mock.timers.tick(5000)
  assert.equal(beats, 2)
})
