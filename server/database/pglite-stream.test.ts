import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { PgliteStream } from './pglite-stream.ts'

async function connectTo(pglite: PGlite): Promise<pg.Client & { connection: { stream: PgliteStream } }> {
  const client = new pg.Client({
    stream: () => new PgliteStream(pglite), user: 'postgres', database: 'postgres', pipeline: true,
  })
  await client.connect()
  return client as Awaited<ReturnType<typeof connectTo>>
}

test('the embedded database answers pg as a server does', async (t) => {
  const pglite = await PGlite.create()
  t.after(() => pglite.close())

  await t.test('what is sent together is answered in order, each with its own rows or error', async () => {
    const client = await connectTo(pglite)
    const settled = await Promise.allSettled([
      client.query('begin'), client.query('select $1::int as n', [1]), client.query('select 1 / $1::int', [0]),
      client.query('select 2 as n'), client.query('commit'), client.query('select 3 as n'),
    ])
    assert.deepEqual(settled.map((one) => (
      one.status === 'fulfilled' ? [one.value.command, one.value.rows] : (one.reason as pg.DatabaseError).code
    )), [['BEGIN', []], ['SELECT', [{ n: 1 }]], '22012', '25P02', ['ROLLBACK', []], ['SELECT', [{ n: 3 }]]])
    const long = 'ñ'.repeat(5_000_000)
    assert.equal((await client.query('select $1::text as text', [long])).rows[0].text, long)
    await client.end()
  })

  await t.test('a connection that broke leaves nothing behind: no transaction, no setting, no statement', async () => {
    const broken = await connectTo(pglite)
    broken.on('error', () => {})
    await broken.query('create table kept (n int)')
    await broken.query('begin')
    await broken.query({ name: 'one', text: 'insert into kept values ($1)', values: [1] })
    await broken.query('set role pg_monitor')
    broken.connection.stream.destroy(new Error('broken'))
    await new Promise<void>((resolve) => broken.once('end', resolve))

    const client = await connectTo(pglite)
    const { rows } = await client.query({ name: 'one', text: 'select current_user::text as who, count(*)::int from kept' })
    assert.deepEqual(rows, [{ who: 'postgres', count: 0 }])
    await client.end()
  })
})
