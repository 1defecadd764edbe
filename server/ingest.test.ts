import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sql } from 'kysely'
import type { Transaction } from './database/schema.ts'
import { assertRefused, record } from './test/query-agent.ts'
import { readMessages } from './test/rows.ts'
import { type Answer, skipWithout, startHilo } from './test/start-hilo.ts'
import { until } from './test/webhooks.ts'

async function countBlocked(tx: Transaction): Promise<number> {
  const { rows } = await sql`
    select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
  `.execute(tx)
  return rows.length
}

// The embedded database has one connection: nothing else could hold it up.
describe('more messages than the database takes, on postgres', skipWithout('postgres'), () => {
  test('11,000 may wait; what comes beyond is refused and not recorded, all the rest is', async (t) => {
    const hilo = await startHilo(t, 'postgres')
    const { conversationId } = await record(hilo, { conversationId: 'held' })
    const lists = Array.from({ length: 12 }, (_, list) => (
      Array.from({ length: 1_000 }, (_, index) => ({ query: 'Hola', conversationId: `${list}-${index % 10}` }))
    ))
    const send = (messages: object[]) => hilo.request('POST', `/api/agents/${hilo.agentId}/messages`, { body: { messages } })
    const { held, answers, refused } = await hilo.asOwner(async (tx) => {
      await sql`select from conversations where id = ${conversationId} for update`.execute(tx)
      const held = record(hilo, { conversationId })
      await until(() => countBlocked(tx), (count) => count > 0)
      const answers = lists.map(send)
      return { held, answers, refused: await Promise.race(answers) }
    })
    assertRefused(refused, { status: 503, code: 'UNAVAILABLE', says: 'nothing was recorded' })
    await held
    const all: Answer[] = await Promise.all(answers)
    assert.deepEqual(all.map(({ status }) => status).sort(), [...Array.from({ length: 11 }, () => 200), 503])
    assert.equal((await readMessages(hilo)).length, 11_002)
  })
})
