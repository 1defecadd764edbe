import { sql } from 'kysely'
import { keyOf } from '../database/key-of.ts'
import type { Database } from '../database/schema.ts'
import { inOrganizations } from '../database/transactions.ts'
import { wantedRows } from '../database/wanted-rows.ts'
import { createGroupCommit } from '../group-commit.ts'
import type { AgentAddress, AgentRow } from './access-agent.ts'

/** Agents that are looked up in one transaction. */
const batchSize = 500

/** Undefined where the organization has no such agent. */
export type FindAgent = (address: AgentAddress) => Promise<AgentRow | undefined>

/** Looks agents up, those that are asked for at the same time together: a transaction for each would cost more. */
export function gatherAgents(db: Database): FindAgent {
  const gathered = createGroupCommit((addresses: AgentAddress[]) => readAgents(db, addresses), batchSize)
  return async (address) => (await gathered.submit([address]))[0]
}

async function readAgents(db: Database, addresses: readonly AgentAddress[]): Promise<(AgentRow | undefined)[]> {
  const wanted = addresses.map(({ organizationId, id }) => ({ organization_id: organizationId, id }))
  const organizationIds = [...new Set(addresses.map(({ organizationId }) => organizationId))]
  const rows = await inOrganizations(db, organizationIds, async (tx) => (
    (await sql<AgentRow>`
      select a.* from ${wantedRows(['organization_id', 'id'], wanted)}
      cross join lateral (
        select a.* from agents a where a.organization_id = w.organization_id and a.id = w.id offset 0
      ) a
    `.execute(tx)).rows
  ))
  const byKey = new Map(rows.map((row) => [keyOf(row.organization_id, row.id), row]))
  return addresses.map(({ organizationId, id }) => byKey.get(keyOf(organizationId, id)))
}
