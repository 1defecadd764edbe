import pg from 'pg'
import { createAgent } from '../server/agents/create-agent.ts'
import { readConfig } from '../server/config.ts'
import { type OpenDatabase, openDatabase } from '../server/database/open.ts'
import { asOwner } from '../server/database/transactions.ts'
import { createApiKey } from '../server/organizations/create-api-key.ts'
import { createOrganization } from '../server/organizations/create-organization.ts'
import { scopes } from '../server/organizations/scopes.ts'
import type { Tenant } from './workload.ts'

/** Where a case keeps its data: settings of Hilo that name it. */
export interface PglitePlace {
  HILO_DATA_DIR: string
}
export interface PostgresPlace extends PglitePlace {
  HILO_DATABASE_URL: string
}
export type Place = PglitePlace | PostgresPlace

export const openPlace = (place: Place): Promise<OpenDatabase> => openDatabase(readConfig({ ...place }))

async function asAdmin(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

/** A database of its own on our PostgreSQL, empty. What an earlier case left to be written is out of the way. */
export async function createDatabase(adminUrl: string, name: string): Promise<string> {
  await asAdmin(adminUrl, [`create database ${name}`, 'checkpoint'])
  return Object.assign(new URL(adminUrl), { pathname: `/${name}` }).href
}

export function dropDatabase(adminUrl: string, name: string): Promise<void> {
  return asAdmin(adminUrl, [`drop database ${name} with (force)`])
}

/** Migrates and creates the organizations, each with an agent and a key. */
export async function createTenants(place: Place, count: number): Promise<Tenant[]> {
  const { db, close } = await openPlace(place)
  try {
    return await asOwner(db, async (tx) => {
      const tenants: Tenant[] = []
      for (let number = 1; number <= count; number++) {
        const organizationId = await createOrganization(tx, { name: `Organization ${number}` })
        const agentId = await createAgent(tx, { organizationId, name: 'Agent' })
        const { key } = await createApiKey(tx, { organizationId, name: 'Benchmark', scopes, actor: 'cli' })
        tenants.push({ organizationId, agentId, key })
      }
      return tenants
    })
  } finally {
    await close()
  }
}
