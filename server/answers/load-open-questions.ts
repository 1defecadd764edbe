import { type RawBuilder, sql } from 'kysely'
import type { ConversationRow } from '../conversations/access-conversation.ts'
import type { AiState } from '../conversations/ai-state.ts'
import { keyOf } from '../database/key-of.ts'
import { run, type Statement, statement } from '../database/statements.ts'
import type { Transaction } from '../database/schema.ts'
import { wantedRows } from '../database/wanted-rows.ts'
import type { ClaimedAgent, ConversationAddress, QuestionRow } from './claimed-turn.ts'
import { readAgents } from './read-agents.ts'

/** A conversation, locked, with what is open in it. */
export interface OpenConversation<Conversation extends LockedConversation = LockedConversation> {
  conversation: Conversation
  /** Oldest first. */
  questions: QuestionRow[]
  /** A turn runs. */
  isBusy: boolean
}

/** What a turn needs to know of its conversation, which is locked. */
export type LockedConversation =
  Pick<ConversationRow, 'organization_id' | 'id' | 'channel' | 'contact_id' | 'last_seq'> & AiState

/** Conversations with what is open in them, by `keyOf`, and the agents that were asked, by `keyOf`. */
export interface Open<Conversation extends LockedConversation = LockedConversation> {
  conversations: Map<string, OpenConversation<Conversation>>
  agents: Map<string, ClaimedAgent>
}

/** Locks conversations, in the order in which `ingest` does, and reads what is open in them: three statements. */
export async function loadOpenQuestions(
  tx: Transaction, addresses: readonly ConversationAddress[],
): Promise<Open<ConversationRow>> {
  const locked = await lockConversations(tx, addresses)
  const found = await run(tx, readOpenQuestions(addresses))
  const conversations = joinQuestions(locked, found)
  const questions = [...conversations.values()].flatMap((open) => open.questions)
  return { conversations, agents: await run(tx, readAgents(questions.map(toAgentAddress))) }
}

function toAgentAddress({ organization_id, agent_id }: QuestionRow) {
  return { organizationId: organization_id, agentId: agent_id }
}

function toRow({ organizationId, conversationId }: ConversationAddress) {
  return { organization_id: organizationId, conversation_id: conversationId }
}

async function lockConversations(
  tx: Transaction, addresses: readonly ConversationAddress[],
): Promise<ConversationRow[]> {
  const wanted = addresses.map(toRow)
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

/** What is open in a conversation. */
export type OpenQuestions = Pick<OpenConversation, 'questions' | 'isBusy'>

/** In conversations that are locked, by `keyOf`; what was committed while we waited for the lock counts. */
export function readOpenQuestions(addresses: readonly ConversationAddress[]): Statement<Map<string, OpenQuestions>> {
  return statement(addresses.length === 0 ? undefined : selectQuestions(addresses), (rows) => {
    const open = new Map<string, OpenQuestions>()
    for (const { inOrganization, inConversation, isBusy, ...question } of rows) {
      const key = keyOf(inOrganization, inConversation)
      const one = open.get(key) ?? { questions: [], isBusy }
      if (question.message_id !== null) one.questions.push(question)
      open.set(key, one)
    }
    return open
  })
}

/** Conversations that are locked, with what was found open in them; in new ones nothing is. */
export function joinQuestions<Conversation extends LockedConversation>(
  locked: readonly Conversation[], found: ReadonlyMap<string, OpenQuestions>,
): Open<Conversation>['conversations'] {
  return new Map(locked.map((conversation) => {
    const key = keyOf(conversation.organization_id, conversation.id)
    return [key, { conversation, ...found.get(key) ?? { questions: [], isBusy: false } }]
  }))
}

/** A question; or a conversation without one, in which a turn may run all the same. */
type OpenRow = (QuestionRow | { message_id: null }) & {
  inOrganization: string
  inConversation: string
  isBusy: boolean
}

function selectQuestions(addresses: readonly ConversationAddress[]): RawBuilder<OpenRow> {
  const wanted = addresses.map(toRow)
  return sql<OpenRow>`
    select w.organization_id as "inOrganization", w.conversation_id as "inConversation", t.is_busy as "isBusy", q.*
    from ${wantedRows(['organization_id', 'conversation_id'], wanted)}
    cross join lateral (
      select exists (
        select from turns t
        where t.organization_id = w.organization_id and t.conversation_id = w.conversation_id and t.finished_at is null
      ) as is_busy
    ) t
    left join lateral (
      select q.* from questions q
      where q.organization_id = w.organization_id and q.conversation_id = w.conversation_id and q.settled_at is null
      order by q.seq
    ) q on true
    order by w.organization_id, w.conversation_id, q.seq
  `
}
