import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { after, before, describe, type TestContext, test } from 'node:test'
import { sql } from 'kysely'
import { createTestPostgres, skipWithout } from '../test/test-databases.ts'
import { createDatabase, createServerPool } from './connections.ts'
import { isUnavailable } from './database-errors.ts'
import type { Database } from './schema.ts'

/** What lies between Hilo and PostgreSQL: it can cut who asks for something. */
async function startNetwork(t: TestContext, postgresUrl: string) {
  const fault: { cutAt?: string } = {}
  const { hostname, port } = new URL(postgresUrl)
  const sockets = new Set<Socket>()
  const network = createServer((near) => {
    const far = connect(Number(port), hostname)
    for (const socket of [near, far]) sockets.add(socket.on('error', () => {}))
    near.on('data', (data) => fault.cutAt && data.includes(fault.cutAt) ? near.destroy() : far.write(data))
    far.on('data', (data) => near.write(data))
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

async function askWho(db: Database): Promise<{ role: string }> {
  const { rows } = await sql<{ role: string }>`select current_user as role`.execute(db)
  return rows[0]!
}

describe('connections to a server', skipWithout('postgres'), () => {
  let postgres: Awaited<ReturnType<typeof createTestPostgres>>
  before(async () => { postgres = await createTestPostgres() })
  after(() => postgres.drop())

  test('one that breaks while it is set up is given up: others take its place, with the role that is bound', async (t) => {
    const { fault, url } = await startNetwork(t, postgres.url)
    const db = createDatabase(createServerPool(url, 1))
    t.after(() => db.destroy())
    fault.cutAt = 'set role'
    await assert.rejects(askWho(db), isUnavailable)
    fault.cutAt = undefined
    assert.equal((await askWho(db)).role, 'hilo_app')
  })
})
