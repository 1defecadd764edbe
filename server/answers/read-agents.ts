import { sql } from 'kysely'
import { readSettings, type StoredSettings } from '../agents/agent-settings.ts'
import { keyOf } from '../database/key-of.ts'
import { type Statement, statement } from '../database/statements.ts'
import { wantedRows } from '../database/wanted-rows.ts'
import type { ClaimedAgent } from './claimed-turn.ts'
import { toDay } from './write-turn-ends.ts'

interface AgentRow {
  organizationId: string
  id: string
  name: string
  systemPrompt: string | null
  settings: StoredSettings
  spent: string | null
}

/** Agents as their turns need them, with what they have spent today; by `keyOf`. */
export function readAgents(
  addresses: readonly { organizationId: string, agentId: string }[],
): Statement<Map<string, ClaimedAgent>> {
  const wanted = addresses.map(({ organizationId, agentId }) => ({ organization_id: organizationId, id: agentId }))
  return statement(wanted.length === 0 ? undefined : sql<AgentRow>`
    select a.organization_id as "organizationId", a.id, a.name, a.system_prompt as "systemPrompt", a.settings,
      s.cost as spent
    from ${wantedRows(['organization_id', 'id'], wanted)}
    cross join lateral (
      select a.* from agents a where a.organization_id = w.organization_id and a.id = w.id offset 0
    ) a
    left join lateral (
      select s.cost from agent_spend s
      where s.organization_id = w.organization_id and s.agent_id = w.id and s.day = ${toDay(new Date())}::date offset 0
    ) s on true
  `, (rows) => new Map(rows.map(({ organizationId, settings, spent, ...agent }) => (
    [keyOf(organizationId, agent.id), { ...agent, settings: readSettings(settings), spent: Number(spent ?? 0) }]
  ))))
}
