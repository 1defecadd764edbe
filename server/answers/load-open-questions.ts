import { sql } from 'kysely'
import { type AgentSettings, readSettings } from '../agents/agent-settings.ts'
import type { ConversationRow } from '../conversations/access-conversation.ts'
import { keyOf } from '../database/key-of.ts'
import type { Transaction } from '../database/schema.ts'
import { wantedRows } from '../database/wanted-rows.ts'
import type { ClaimedAgent, ConversationAddress, QuestionRow } from './claimed-turn.ts'
import { toDay } from './save-turn-ends.ts'

/** A conversation, locked, with what is open in it. */
export interface OpenConversation {
  conversation: ConversationRow
  /** Oldest first. */
  questions: QuestionRow[]
  /** A turn runs. */
  isBusy: boolean
}

/** Conversations with what is open in them, by `keyOf`, and the agents that were asked, by `keyOf`. */
export interface Open {
  conversations: Map<string, OpenConversation>
  agents: Map<string, ClaimedAgent>
}

/** Locks conversations, in the order in which `ingest` does, and reads what is open in them: three statements. */
export async function loadOpenQuestions(tx: Transaction, addresses: readonly ConversationAddress[]): Promise<Open> {
  const wanted = addresses.map(({ organizationId, conversationId }) => (
    { organization_id: organizationId, conversation_id: conversationId }
  ))
  const conversations = new Map<string, OpenConversation>()
  for (const conversation of await lockConversations(tx, wanted)) {
    const key = keyOf(conversation.organization_id, conversation.id)
    conversations.set(key, { conversation, questions: [], isBusy: false })
  }
  const rows = await readQuestions(tx, wanted)
  for (const { isBusy, ...question } of rows) {
    const open = conversations.get(keyOf(question.organization_id, question.conversation_id))
    open?.questions.push(question)
    if (open) open.isBusy ||= isBusy
  }
  return { conversations, agents: await readAgents(tx, rows) }
}

type Wanted = { organization_id: string, conversation_id: string }[]

async function lockConversations(tx: Transaction, wanted: Wanted): Promise<ConversationRow[]> {
  const { rows } = await sql<ConversationRow>`
    with ordered as materialized (
      select w.* from ${wantedRows(['organization_id', 'conversation_id'], wanted)}
      order by organization_id, conversation_id
    )
    select c.* from ordered
    cross join lateral (
      select c.* from conversations c
      where c.organization_id = ordered.organization_id and c.id = ordered.conversation_id for no key update
    ) c
  `.execute(tx)
  return rows
}

/** Only now: what was committed while we waited for the lock counts. */
async function readQuestions(tx: Transaction, wanted: Wanted): Promise<(QuestionRow & { isBusy: boolean })[]> {
  const { rows } = await sql<QuestionRow & { isBusy: boolean }>`
    select q.*, t.is_busy as "isBusy" from ${wantedRows(['organization_id', 'conversation_id'], wanted)}
    cross join lateral (
      select q.* from questions q
      where q.organization_id = w.organization_id and q.conversation_id = w.conversation_id and q.settled_at is null
      order by q.seq
    ) q
    cross join lateral (
      select exists (
        select from turns t
        where t.organization_id = w.organization_id and t.conversation_id = w.conversation_id and t.finished_at is null
      ) as is_busy
    ) t
    order by q.organization_id, q.conversation_id, q.seq
  `.execute(tx)
  return rows
}

interface AgentRow {
  organizationId: string
  id: string
  name: string
  systemPrompt: string | null
  settings: Partial<AgentSettings>
  spent: string | null
}

async function readAgents(tx: Transaction, questions: readonly QuestionRow[]): Promise<Open['agents']> {
  if (questions.length === 0) return new Map()
  const wanted = questions.map(({ organization_id, agent_id }) => ({ organization_id, id: agent_id }))
  const { rows } = await sql<AgentRow>`
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
  `.execute(tx)
  return new Map(rows.map(({ organizationId, settings, spent, ...agent }) => (
    [keyOf(organizationId, agent.id), { ...agent, settings: readSettings(settings), spent: Number(spent ?? 0) }]
  )))
}
