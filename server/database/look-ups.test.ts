// Alone: its tables must be young, and have no statistics.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type RawBuilder, sql } from 'kysely'
import type { ClaimedAgent, QuestionRow, StartedTurn } from '../answers/claimed-turn.ts'
import { writeStarts } from '../answers/start-turns.ts'
import type { TurnEnd, TurnWork } from '../answers/turn-answer.ts'
import { writeTurnEnds } from '../answers/write-turn-ends.ts'
import { inOrganization } from '../database/transactions.ts'
import { noUsage } from '../models/usage.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

interface Key {
  table: string
  index: string
  columns: string[]
}

/** Every key of every table: primary keys and unique constraints. */
async function readKeys(hilo: Hilo): Promise<Key[]> {
  const { rows } = await hilo.asOwner((tx) => sql<Key>`
    select t.relname as table, i.relname as index, array_agg(a.attname::text order by a.attnum) as columns
    from pg_index x join pg_class t on t.oid = x.indrelid join pg_class i on i.oid = x.indexrelid
    join pg_attribute a on a.attrelid = t.oid and a.attnum = any (x.indkey)
    where x.indisunique and x.indpred is null and t.relnamespace = current_schema()::regnamespace
      and has_table_privilege('hilo_app', t.oid, 'select')
    group by 1, 2
  `.execute(tx))
  return rows
}

const literals: Record<string, number | string> = { seq: 1, day: '2026-03-01' }
const literalOf = (column: string) => sql.lit(literals[column] ?? 'x')

/** What PostgreSQL does for a query, as the role that serves requests. */
async function explain(hilo: Hilo, query: RawBuilder<unknown>): Promise<string> {
  const { rows } = await inOrganization(hilo.db, hilo.organizationId, (tx) => (
    sql<{ 'QUERY PLAN': string }>`explain ${query}`.execute(tx)
  ))
  return rows.map((row) => row['QUERY PLAN']).join('\n')
}

/** The query for the row with this key. */
function selectRow({ table, columns }: Key): RawBuilder<unknown> {
  const isRow = sql.join(columns.map((column) => sql`${sql.ref(column)} = ${literalOf(column)}`), sql` and `)
  return sql`select * from ${sql.table(table)} where ${isRow}`
}

for (const database of databases) {
  describe(`look-ups on ${database}`, skipWithout(database), () => {
    test('while tables are young and have no statistics, a row is found by its key, never by reading an organization', async (t) => {
      const hilo = await startHilo(t, database, {})
      const keys = await readKeys(hilo)
      assert.ok(keys.length > 10)
      for (const key of keys) {
        const plan = await explain(hilo, selectRow(key))
        const taken = /using (\w+)/.exec(plan)?.[1]
        const columns = keys.find(({ index }) => index === taken)?.columns
        assert.ok(columns?.every((column) => key.columns.includes(column)), `${key.index}: ${plan}`)
      }
    })

    test('no turn that begins or ends reads more than what it changes', async (t) => {
      const hilo = await startHilo(t, database, {})
      const turn = { id: 't', organizationId: 'o', conversationId: 'c', messageIds: ['m'] } as StartedTurn & TurnWork
      const work = { ...turn, seenMessageIds: [], usage: noUsage, toolCalls: [] }
      const end: TurnEnd = { work, outcome: 'answered', answerIds: [], approvals: [], result: {} as TurnEnd['result'] }
      const question = { message_id: 'm', turn_id: null } as QuestionRow
      const starts = writeStarts([{ ...turn, agent: { id: 'a' } as ClaimedAgent, questions: [question] }], 'r')
      for (const write of [...starts, ...writeTurnEnds([end, end], new Date())]) {
        const plan = write ? await explain(hilo, write) : ''
        assert.doesNotMatch(plan, /Scan using \w+ on \w+[^\n]*\n(?!\s*Index Cond)|Seq Scan/, plan)
      }
    })

    test('the events of a conversation are found by their index, from the first of them on', async (t) => {
      const hilo = await startHilo(t, database, {})
      const plan = await explain(hilo, sql`
        select * from events where organization_id = 'x' and conversation_id = 'x' and seq > 1 and seq < 1000000
        order by seq limit 100
      `)
      assert.match(plan, /Index Scan using events_by_conversation/)
      assert.doesNotMatch(plan, /Sort/)
    })
  })
}
