import { sql } from 'kysely'
import { keyOf } from '../database/key-of.ts'
import type { Transaction } from '../database/schema.ts'
import { HiloError } from '../errors.ts'
import type { NewMessage } from '../messages/new-message.ts'

/** Agents that were seen to exist; they are never deleted, so this stays true. */
export type KnownAgents = Set<string>

const mostKnown = 100_000

/** Looks up those agents that these messages name and that are not known yet. */
export async function loadAgents(tx: Transaction, incoming: readonly NewMessage[], known: KnownAgents): Promise<void> {
  const wanted = new Map<string, { organization_id: string, id: string }>()
  for (const message of incoming) {
    for (const id of namedAgents(message)) {
      const key = keyOf(message.organizationId, id)
      if (!known.has(key)) wanted.set(key, { organization_id: message.organizationId, id })
    }
  }
  if (wanted.size === 0) return
  const { rows } = await sql<{ organization_id: string, id: string }>`
    select a.organization_id, a.id
    from json_to_recordset(${JSON.stringify([...wanted.values()])}::json) as w(organization_id text, id text)
    join agents a using (organization_id, id)
  `.execute(tx)
  if (known.size > mostKnown) known.clear()
  for (const row of rows) known.add(keyOf(row.organization_id, row.id))
}

function namedAgents(message: NewMessage): string[] {
  return [message.agentId, ...message.keys.flatMap((key) => key.agentId ?? [])]
}

/** @throws HiloError NOT_FOUND naming the agent that is not there. */
export function assertAgents(agents: KnownAgents, message: NewMessage): void {
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
