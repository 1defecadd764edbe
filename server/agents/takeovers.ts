import { sql } from 'kysely'
import type { ConversationSet } from '../conversations/conversation-set.ts'
import { keyOf } from '../database/key-of.ts'
import { type Statement, statement } from '../database/statements.ts'
import type { Transaction } from '../database/schema.ts'
import { wantedRows } from '../database/wanted-rows.ts'
import type { NewMessage } from '../messages/new-message.ts'
import { type AgentSettings, readSettings, type TakeoverPolicy } from './agent-settings.ts'

/** Policies by organization and agent (`keyOf`). */
export type Takeovers = Map<string, TakeoverPolicy>

interface AgentOf {
  organizationId: string
  agentId: string
}

/** How those agents behave in whose conversations a human writes with these messages. For others nothing is read. */
export function readTakeovers(incoming: readonly NewMessage[], conversations: ConversationSet): Statement<Takeovers> {
  const byHumans = incoming.filter(({ author }) => author.kind === 'human')
  const wanted = [...byHumans.flatMap(namedAgents), ...conversations.byId.values()]
    .map(({ organizationId, agentId }) => ({ organization_id: organizationId, id: agentId }))
  return statement(byHumans.length === 0 ? undefined : sql<AgentOf & { settings: Partial<AgentSettings> }>`
    select a.organization_id as "organizationId", a.id as "agentId", a.settings
    from ${wantedRows(['organization_id', 'id'], wanted)}
    cross join lateral (
      select a.* from agents a where a.organization_id = w.organization_id and a.id = w.id offset 0
    ) a
  `, (rows) => new Map(rows.map(({ organizationId, agentId, settings }) => (
    [keyOf(organizationId, agentId), readSettings(settings).takeover]
  ))))
}

/** Agents to which a conversation that the message opens may belong. */
function namedAgents({ organizationId, agentId, keys }: NewMessage): AgentOf[] {
  return [agentId, ...keys.flatMap((key) => key.agentId ?? [])].map((id) => ({ organizationId, agentId: id }))
}

/** How this agent behaves after a human wrote. */
export async function readTakeover(
  tx: Transaction, organizationId: string, agentId: string,
): Promise<TakeoverPolicy> {
  const { settings } = await tx.selectFrom('agents').select('settings')
    .where('organization_id', '=', organizationId).where('id', '=', agentId).executeTakeFirstOrThrow()
  return readSettings(settings).takeover
}
