import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDurations } from './request-durations.ts'

test('durations are printed as a histogram whose buckets add up, one for each method, path and kind of status', () => {
  const durations = createDurations()
  for (const elapsedTime of [1, 1.5, 30, 20_000]) durations.observe('GET', '/api/agents/:id', { statusCode: 200, elapsedTime })
  durations.observe('GET', '/api/agents/:id', { statusCode: 404, elapsedTime: 3 })
  const lines = durations.print().split('\n')
  const of = (status: string) => lines.filter((line) => line.includes(`status="${status}"`)).map((line) => (
    line.replace(/hilo_http_request_duration_seconds(\w*)\{method="GET",path="\/api\/agents\/:id",status="\dxx",?/, '$1 ')
  ))
  assert.deepEqual(lines.slice(0, 2), [
    '# HELP hilo_http_request_duration_seconds Time from a request to the end of its answer.',
    '# TYPE hilo_http_request_duration_seconds histogram',
  ])
  assert.deepEqual(of('2xx'), [
    '_bucket le="0.001"} 1', '_bucket le="0.0025"} 2', '_bucket le="0.005"} 2', '_bucket le="0.01"} 2',
    '_bucket le="0.025"} 2', '_bucket le="0.05"} 3', '_bucket le="0.1"} 3', '_bucket le="0.25"} 3', '_bucket le="0.5"} 3',
    '_bucket le="1"} 3', '_bucket le="2.5"} 3', '_bucket le="5"} 3', '_bucket le="10"} 3', '_bucket le="+Inf"} 4',
    '_sum } 20.0325', '_count } 4',
  ])
  assert.deepEqual(of('4xx').slice(-2), ['_sum } 0.003', '_count } 1'])
})
