import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { createRecorder } from './measurement.ts'

test('what ends during the warm-up or after the span is not measured, but its messages are remembered', () => {
  let now = 0
  const clock = mock.method(performance, 'now', () => now)
  try {
    const recorder = createRecorder({ warmUpSeconds: 1, seconds: 2 })
    for (const [at, tookMs] of [[500, 90], [1000, 10], [2000, 20], [2999, 30], [3000, 90]] as const) {
      now = at
      recorder.succeeded(tookMs)
      recorder.acknowledged(at, `message-${at}`)
    }
    const { requestsPerSecond, p50Ms, p99Ms, acknowledged } = recorder.result()
    assert.deepEqual({ requestsPerSecond, p50Ms, p99Ms }, { requestsPerSecond: 1.5, p50Ms: 20, p99Ms: 30 })
    assert.equal(acknowledged.length, 5)
    assert.ok(recorder.isOver())
  } finally {
    clock.mock.restore()
  }
})
