import { randomBytes } from 'node:crypto'
import type { TestContext } from 'node:test'
import { createEmptyPostgres } from './empty-postgres.ts'
import { makeFolder } from './spawn-hilo.ts'
import type { DatabaseKind } from './test-databases.ts'

export const ids = { organizationId: 'crash-organization', agentId: 'crash-agent', key: randomBytes(16).toString('hex') }
export const headers = { 'content-type': 'application/json', 'authorization': `Bearer ${ids.key}` }

/** Settings of a Hilo that is to be killed: an empty database of its own, and in it what `ids` names. */
export async function makeSettings(t: TestContext, database: DatabaseKind): Promise<Record<string, string>> {
  const settings = {
    HILO_DATA_DIR: makeFolder(t), HILO_LOG_LEVEL: 'error', HILO_RATE_LIMIT: '0', HILO_ALLOW_PRIVATE_TARGETS: 'true',
    HILO_BOOTSTRAP_ORGANIZATION_ID: ids.organizationId, HILO_BOOTSTRAP_AGENT_ID: ids.agentId,
    HILO_BOOTSTRAP_API_KEY: ids.key,
  }
  if (database === 'pglite') return settings
  const { url, drop } = await createEmptyPostgres()
  t.after(drop)
  return { ...settings, HILO_DATABASE_URL: url }
}

/** Records a message as an outside system does. @throws TypeError where the connection breaks. */
export function record(url: string, message: object): Promise<Response> {
  return fetch(`${url}/api/agents/${ids.agentId}/query-agent`, {
    method: 'POST', headers, body: JSON.stringify({ ...message, source: 'crash' }),
  })
}
