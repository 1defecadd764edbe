import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { after, before, describe, type TestContext, test } from 'node:test'
import { sql } from 'kysely'
import { createTestPostgres, skipWithout } from '../test/test-databases.ts'
import { createServerPool, toDatabase } from './connections.ts'
import { isUnavailable } from './database-errors.ts'
import type { Database } from './schema.ts'

/**
 * What lies between Hilo and PostgreSQL: it can swallow what comes from there, always or from
 * a word that is asked on, and cut who asks for one.
 */
async function startNetwork(t: TestContext, postgresUrl: string) {
  const fault: { isSilent?: boolean, silentFrom?: string, cutAt?: string } = {}
  const { hostname, port } = new URL(postgresUrl)
  const sockets = new Set<Socket>()
  const network = createServer((near) => {
    const far = connect(Number(port), hostname)
    for (const socket of [near, far]) sockets.add(socket.on('error', () => {}))
    near.on('data', (data) => {
      if (fault.silentFrom && data.includes(fault.silentFrom)) fault.isSilent = true
      if (fault.cutAt && data.includes(fault.cutAt)) near.destroy()
      else far.write(data)
    })
    far.on('data', (data) => fault.isSilent || near.write(data))
    near.on('close', () => far.destroy())
  })
  await once(network.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    network.close()
  })
  const { port: nearPort } = network.address() as AddressInfo
  return { fault, url: Object.assign(new URL(postgresUrl), { port: nearPort }).href }
}

async function askWho(db: Database): Promise<{ pid: number, role: string }> {
  const { rows } = await sql<{ pid: number, role: string }>`
    select pg_backend_pid() as pid, current_user as role, pg_sleep(0.02)
  `.execute(db)
  return { pid: rows[0]!.pid, role: rows[0]!.role }
}

describe('connections to a server', skipWithout('postgres'), () => {
  let postgres: Awaited<ReturnType<typeof createTestPostgres>>
  before(async () => { postgres = await createTestPostgres() })
  after(() => postgres.drop())

  const usualTimes = { statementMs: 15_000, silenceMs: 20_000 }
  function open(t: TestContext, url: string, times: Partial<typeof usualTimes> = {}): Database {
    const db = toDatabase(createServerPool(url, 1, { ...usualTimes, ...times }))
    t.after(() => db.destroy())
    return db
  }

  test('one that says nothing while it owes an answer is given up; one that owes nothing is kept', async (t) => {
    const { fault, url } = await startNetwork(t, postgres.url)
    const db = open(t, url, { silenceMs: 100 })
    const first = await askWho(db)
    await sql`select pg_sleep(0.3)`.execute(open(t, postgres.url)) // three times that silence
    assert.deepEqual(await askWho(db), first)
    fault.isSilent = true
    await assert.rejects(askWho(db), isUnavailable)
    fault.isSilent = false
    assert.notEqual((await askWho(db)).pid, first.pid)
  })

  test('so is one that says nothing while it is set up', async (t) => {
    const { fault, url } = await startNetwork(t, postgres.url)
    const db = open(t, url, { silenceMs: 100 })
    fault.silentFrom = 'set role'
    await assert.rejects(askWho(db), isUnavailable)
    Object.assign(fault, { silentFrom: undefined, isSilent: false })
    assert.equal((await askWho(db)).role, 'hilo_app')
  })

  test('one that breaks while it is set up is given up: others take its place, with the role that is bound', async (t) => {
    const { fault, url } = await startNetwork(t, postgres.url)
    const db = open(t, url)
    fault.cutAt = 'set role'
    await assert.rejects(askWho(db), isUnavailable)
    fault.cutAt = undefined
    assert.equal((await askWho(db)).role, 'hilo_app')
  })

  test('what the server breaks off is an error, and the connection goes on', async (t) => {
    const db = open(t, postgres.url, { statementMs: 50 })
    const { pid } = await askWho(db)
    await assert.rejects(sql`select pg_sleep(20)`.execute(db), { code: '57014' })
    assert.equal((await askWho(db)).pid, pid)
  })
})
