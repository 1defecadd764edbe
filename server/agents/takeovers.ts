import { sql } from 'kysely'
import type { ConversationSet } from '../conversations/conversation-set.ts'
import { keyOf } from '../database/key-of.ts'
import { type Statement, statement } from '../database/statements.ts'
import type { Transaction } from '../database/schema.ts'
import { wantedRows } from '../database/wanted-rows.ts'
import type { NewMessage } from '../messages/new-message.ts'
import { readSettings, type StoredSettings, type TakeoverPolicy } from './agent-settings.ts'
import { namedAgents } from './known-agents.ts'

/** Policies by organization and agent (`keyOf`). */
export type Takeovers = Map<string, TakeoverPolicy>

interface AgentOf {
  organizationId: string
  agentId: string
}

/** How those agents behave in whose conversations a human writes with these messages. For others nothing is read. */
export function readTakeovers(incoming: readonly NewMessage[], conversations: ConversationSet): Statement<Takeovers> {
  const byHumans = incoming.filter(({ author }) => author.kind === 'human')
  const wanted = [...byHumans.flatMap(namedAgents), ...[...conversations.byId.values()].map(toAddress)]
  return statement(byHumans.length === 0 ? undefined : sql<AgentOf & { settings: StoredSettings }>`
    select a.organization_id as "organizationId", a.id as "agentId", a.settings
    from ${wantedRows(['organization_id', 'id'], wanted)}
    cross join lateral (
      select a.* from agents a where a.organization_id = w.organization_id and a.id = w.id offset 0
    ) a
  `, (rows) => new Map(rows.map(({ organizationId, agentId, settings }) => (
    [keyOf(organizationId, agentId), readSettings(settings).takeover]
  ))))
}

function toAddress({ organizationId, agentId }: AgentOf) {
  return { organization_id: organizationId, id: agentId }
}

/** How this agent behaves after a human wrote. */
export async function readTakeover(
  tx: Transaction, organizationId: string, agentId: string,
): Promise<TakeoverPolicy> {
  const { settings } = await tx.selectFrom('agents').select('settings')
    .where('organization_id', '=', organizationId).where('id', '=', agentId).executeTakeFirstOrThrow()
  return readSettings(settings).takeover
}
