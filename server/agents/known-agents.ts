import { sql } from 'kysely'
import { keyOf } from '../database/key-of.ts'
import type { Transaction } from '../database/schema.ts'
import { HiloError } from '../errors.ts'
import type { NewMessage } from '../messages/new-message.ts'

/** Which of the agents that these messages name exist. */
export async function loadAgents(tx: Transaction, incoming: readonly NewMessage[]): Promise<Set<string>> {
  const wanted = new Map<string, { organization_id: string, id: string }>()
  for (const message of incoming) {
    for (const id of namedAgents(message)) {
      wanted.set(keyOf(message.organizationId, id), { organization_id: message.organizationId, id })
    }
  }
  const { rows } = await sql<{ organization_id: string, id: string }>`
    select a.organization_id, a.id
    from json_to_recordset(${JSON.stringify([...wanted.values()])}::json) as w(organization_id text, id text)
    join agents a using (organization_id, id)
  `.execute(tx)
  return new Set(rows.map((row) => keyOf(row.organization_id, row.id)))
}

function namedAgents(message: NewMessage): string[] {
  return [message.agentId, ...message.keys.flatMap((key) => key.agentId ?? [])]
}

/** @throws HiloError NOT_FOUND naming the agent that is not there. */
export function assertAgents(agents: Set<string>, message: NewMessage): void {
  const { organizationId, agentId, keys } = message
  if (!agents.has(keyOf(organizationId, agentId))) {
    throw new HiloError('NOT_FOUND', `No agent "${agentId}" in this organization.`, {
      field: 'id', hint: 'Check the agent id in the path; GET /api/agents lists them.',
    })
  }
  for (const { agentId: named, field } of keys) {
    if (named !== undefined && !agents.has(keyOf(organizationId, named))) {
      throw new HiloError('NOT_FOUND', `${field} names agent "${named}", which is not in this organization.`, {
        field, hint: 'Check the agent id in its second part; GET /api/agents lists them.',
      })
    }
  }
}
