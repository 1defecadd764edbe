import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertRefused, queryAgent, record } from '../test/query-agent.ts'
import { recordMessages } from '../test/record-messages.ts'
import { readMessages } from '../test/rows.ts'
import { databases, skipWithout, startHilo } from '../test/start-hilo.ts'

/** Every writing of a time that a caller may send, and the time it is. */
const writings: [written: string | number, meant: string][] = [
  ['2025-03-01T12:00:00Z', '2025-03-01T12:00:00.000Z'],
  ['2025-03-01T12:00Z', '2025-03-01T12:00:00.000Z'],
  ['2025-03-01t12:00:00z', '2025-03-01T12:00:00.000Z'],
  ['2025-03-01 12:00:00Z', '2025-03-01T12:00:00.000Z'],
  [' 2025-03-01T12:00:00Z ', '2025-03-01T12:00:00.000Z'],
  ['2025-03-01T12:00:00.123Z', '2025-03-01T12:00:00.123Z'],
  ['2025-03-01T12:00:00,5Z', '2025-03-01T12:00:00.500Z'],
  ['2025-03-01T12:00:00.123456789Z', '2025-03-01T12:00:00.123Z'],
  ['2025-03-01T09:00:00-03:00', '2025-03-01T12:00:00.000Z'],
  ['2025-03-01T09:00:00-0300', '2025-03-01T12:00:00.000Z'],
  ['2025-03-01T09:00:00-03', '2025-03-01T12:00:00.000Z'],
  ['2025-03-01T17:30:00+05:30', '2025-03-01T12:00:00.000Z'],
  ['2024-02-29T23:59:59.999+00:00', '2024-02-29T23:59:59.999Z'],
  [1740830400, '2025-03-01T12:00:00.000Z'],
  [1740830400.25, '2025-03-01T12:00:00.250Z'],
  [1740830400123, '2025-03-01T12:00:00.123Z'],
  ['1740830400', '2025-03-01T12:00:00.000Z'],
  ['1740830400123', '2025-03-01T12:00:00.123Z'],
  ['946684800', '2000-01-01T00:00:00.000Z'],
]

const minute = 60_000
const inMinutes = (minutes: number) => Date.now() + minutes * minute

/** What is no time, or no time at which something can have been said. */
const refused: [written: unknown, says: RegExp][] = [
  ['2025-03-01T12:00:00', /offset/],
  ['2025-03-01', /offset/],
  ['2025-03-01 12:00', /offset/],
  ['01/03/2025 12:00', /ISO 8601/],
  ['Sat, 01 Mar 2025 12:00:00 GMT', /ISO 8601/],
  ['yesterday', /ISO 8601/],
  ['2025-02-30T12:00:00Z', /ISO 8601/],
  ['2025-13-01T12:00:00Z', /ISO 8601/],
  ['2025-03-01T25:00:00Z', /ISO 8601/],
  ['2025-03-01T12:00:00+99:00', /ISO 8601/],
  ['12345', /ISO 8601/],
  ['-1740830400', /ISO 8601/],
  ['1e9', /ISO 8601/],
  ['{{ $now }}', /ISO 8601/],
  [0, /before the year 2000/],
  [-1, /before the year 2000/],
  ['1999-12-31T23:59:59Z', /before the year 2000/],
  [1e300, /ahead/],
  [1e15, /ahead/],
  ['9999999999999999', /ahead/],
  ['9999-12-31T23:59:59Z', /ahead/],
  [true, /number|text/],
  [['2025-03-01T12:00:00Z'], /number|text/],
]

for (const database of databases) {
  describe(`occurredAt on ${database}`, skipWithout(database), () => {
    test('every usual writing of a time is read, to the millisecond', async (t) => {
      const hilo = await startHilo(t, database)
      await recordMessages(hilo, writings.map(([occurredAt], index) => ({
        query: String(index), conversationId: 'one', occurredAt,
      })))
      const rows = await readMessages(hilo)
      assert.deepEqual(
        rows.map((row, index) => [writings[index]![0], row.occurred_at.toISOString()]), writings,
      )
    })

    test('a time that is unclear, impossible, or no time is refused', async (t) => {
      const hilo = await startHilo(t, database)
      for (const [occurredAt, says] of refused) {
        assertRefused(await queryAgent(hilo, { occurredAt }), {
          status: 400, code: 'INVALID_REQUEST', field: 'occurredAt', says,
        }, JSON.stringify(occurredAt))
      }
      assert.equal((await readMessages(hilo)).length, 0)
    })

    test('by a clock that is up to five minutes ahead, and no more, it was said when it came', async (t) => {
      const hilo = await startHilo(t, database)
      const ahead = (minutes: number) => [
        inMinutes(minutes), Math.floor(inMinutes(minutes) / 1000), new Date(inMinutes(minutes)).toISOString(),
      ]
      for (const occurredAt of ahead(4)) await record(hilo, { occurredAt })
      for (const occurredAt of ahead(6)) {
        assertRefused(await queryAgent(hilo, { occurredAt }), {
          status: 400, code: 'INVALID_REQUEST', field: 'occurredAt', says: /5 minutes ahead/,
        })
      }
      const rows = await readMessages(hilo)
      assert.deepEqual(rows.map((row) => row.occurred_at), rows.map((row) => row.received_at))
    })

    test('without a time, a message occurred when it came, and is recorded no earlier', async (t) => {
      const hilo = await startHilo(t, database)
      const before = Date.now()
      await record(hilo, {})
      const [row] = await readMessages(hilo)
      assert.deepEqual(row!.occurred_at, row!.received_at)
      assert.ok(row!.received_at.getTime() >= before)
      assert.ok(row!.recorded_at >= row!.received_at)
    })
  })
}
