import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createStreamParser } from './stream-parser.ts'

const eventOf = (organizationId: string, seq: number) => (
  `id: ${seq}\nevent: message.created\ndata: ${JSON.stringify({ organizationId, seq, text: 'id: 9, y más ✓' })}\n\n`
)

function parse(chunks: readonly Buffer[]): { events: [number, boolean][], notices: string[] } {
  const events: [number, boolean][] = []
  const notices: string[] = []
  const parser = createStreamParser({
    organizationId: 'ours',
    onEvent: (seq, isForeign) => void events.push([seq, isForeign]),
    onNotice: (text) => void notices.push(text),
  })
  for (const chunk of chunks) parser.push(chunk)
  return { events, notices }
}

const stream = `retry: 1000\n\n: here\n\n${eventOf('ours', 1)}${eventOf('ours', 2)}: still here\n\n${eventOf('other', 3)}`
  + 'event: end\ndata: too slow\n\n'

test('a reader sees each event once, in order, however the connection cuts the stream', () => {
  const whole = Buffer.from(stream)
  const expected = { events: [[1, false], [2, false], [3, true]], notices: ['event: end\ndata: too slow'] }
  for (let size = 1; size <= whole.length; size++) {
    const count = Math.ceil(whole.length / size)
    const chunks = Array.from({ length: count }, (_, index) => whole.subarray(index * size, (index + 1) * size))
    assert.deepEqual(parse(chunks), expected)
  }
})
