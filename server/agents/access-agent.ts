import type { Agent } from '@hilo/contract'
import type { Selectable } from 'kysely'
import type { AgentsTable, Transaction } from '../database/schema.ts'
import { HiloError } from '../errors.ts'
import { presentSettings } from './present-settings.ts'

export type AgentRow = Selectable<AgentsTable>

export interface AgentAddress {
  organizationId: string
  id: string
}

/**
 * The agent with this id, if it is the organization's.
 * @param lock keeps others from changing it until the transaction ends.
 * @throws HiloError NOT_FOUND.
 */
export async function accessAgent(
  tx: Transaction, { organizationId, id }: AgentAddress, { lock = false } = {},
): Promise<AgentRow> {
  const agent = await tx.selectFrom('agents').selectAll()
    .where('organization_id', '=', organizationId).where('id', '=', id)
    .$if(lock, (query) => query.forUpdate())
    .executeTakeFirst()
  if (agent) return agent
  throw agentNotFound(id)
}

export function agentNotFound(id: string): HiloError {
  return new HiloError('NOT_FOUND', `No agent "${id}" in this organization.`, {
    field: 'id', hint: 'GET /api/agents lists them.',
  })
}

export function presentAgent(row: AgentRow): Agent {
  return {
    id: row.id,
    name: row.name,
    systemPrompt: row.system_prompt,
    ...presentSettings(row.settings),
    metadata: row.metadata,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
}
