import { runHilo } from './run-hilo.ts'
import { readConfig } from '../config.ts'
import { openDatabase } from '../database/open.ts'
import { asOwner } from '../database/transactions.ts'
import { startServer } from '../start-server.ts'
import { testSecret } from './start-hilo.ts'
import { createTestPostgres } from './test-databases.ts'

export interface Beside {
  /** Settings with which the command line reaches the same database. */
  env: Record<string, string>
  agentId: string
  /** Sends JSON to the server, with a key that has every scope. @returns what it answers. */
  post(path: string, body: object): Promise<{ id: string }>
  get(path: string): Promise<{ items: object[] }>
  /** Removes events up to this number, as housekeeping does with old ones. */
  removeEvents(seq: number): Promise<void>
  stop(): Promise<void>
}

/** A server on a PostgreSQL database of its own, filled by the command line, which is to be tested beside it. */
export async function serveBeside(): Promise<Beside> {
  const postgres = await createTestPostgres()
  const env = { HILO_DATABASE_URL: postgres.url, HILO_ALLOW_PRIVATE_TARGETS: 'true', HILO_SECRET: testSecret }
  const create = async (...args: string[]) => (await runHilo([...args, '--json'], { env })).json()
  await create('organizations', 'create', '--name', 'Sur')
  const { id: agentId } = await create('agents', 'create', '--name', 'Sales')
  const { key } = await create('keys', 'create', '--name', 'all', '--scopes', 'admin')
  const config = { ...readConfig(env), port: 0, logLevel: 'silent' as const, secret: testSecret }
  const database = await openDatabase(config)
  const server = await startServer(config, { database })
  const headers = { 'authorization': `Bearer ${key}`, 'content-type': 'application/json' }
  return {
    env,
    agentId,
    post: async (path, body) => {
      const answer = await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
      return await answer.json() as { id: string }
    },
    get: async (path) => (await fetch(server.url + path, { headers })).json() as Promise<{ items: object[] }>,
    removeEvents: (seq) => asOwner(database.db, async (tx) => {
      await tx.deleteFrom('events').where('seq', '<=', seq).execute()
    }),
    stop: async () => {
      await server.stop()
      await database.close()
      await postgres.drop()
    },
  }
}
