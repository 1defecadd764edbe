import { sql } from 'kysely'
import { keyOf } from '../database/key-of.ts'
import { type Statement, statement } from '../database/statements.ts'
import { wantedRows } from '../database/wanted-rows.ts'
import { HiloError } from '../errors.ts'
import type { NewMessage } from '../messages/new-message.ts'
import { agentNotFound } from './access-agent.ts'

/** Agents that were seen to exist; they are never deleted, so this stays true. */
export type KnownAgents = Set<string>

const mostKnown = 100_000

/** Looks up those agents that these messages name and that are not known yet; then they are. */
export function readUnknownAgents(incoming: readonly NewMessage[], known: KnownAgents): Statement<void> {
  const wanted = incoming.flatMap(namedAgents)
    .filter(({ organization_id, id }) => !known.has(keyOf(organization_id, id)))
  return statement(wanted.length === 0 ? undefined : sql<{ organization_id: string, id: string }>`
    select w.organization_id, w.id
    from ${wantedRows(['organization_id', 'id'], wanted)}
    cross join lateral (
      select from agents a where a.organization_id = w.organization_id and a.id = w.id offset 0
    ) a
  `, (rows) => {
    if (known.size > mostKnown) known.clear()
    for (const row of rows) known.add(keyOf(row.organization_id, row.id))
  })
}

/** Agents to which a conversation that the message opens may belong. */
export function namedAgents({ organizationId, agentId, keys }: NewMessage): { organization_id: string, id: string }[] {
  return [agentId, ...keys.flatMap((key) => key.agentId ?? [])].map((id) => ({ organization_id: organizationId, id }))
}

/** @throws HiloError NOT_FOUND naming the agent that is not there. */
export function assertAgents(agents: KnownAgents, message: NewMessage): void {
  const { organizationId, agentId, keys } = message
  if (!agents.has(keyOf(organizationId, agentId))) throw agentNotFound(agentId)
  for (const { agentId: named, field } of keys) {
    if (named !== undefined && !agents.has(keyOf(organizationId, named))) {
      throw new HiloError('NOT_FOUND', `${field} names agent "${named}", which is not in this organization.`, {
        field, hint: 'Check the agent id in its second part; GET /api/agents lists them.',
      })
    }
  }
}
