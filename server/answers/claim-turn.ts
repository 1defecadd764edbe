import type { Selectable } from 'kysely'
import { sql } from 'kysely'
import { type AgentSettings, readSettings } from '../agents/agent-settings.ts'
import { isAiOn } from '../conversations/ai-state.ts'
import type { ConversationRow } from '../conversations/access-conversation.ts'
import { lockConversation } from '../conversations/lock-conversation.ts'
import { createId } from '../database/create-id.ts'
import type { QuestionsTable, TurnsTable } from '../database/answer-tables.ts'
import type { Transaction } from '../database/schema.ts'
import { endSilently } from './end-silently.ts'
import type { Question } from './question.ts'
import { type HistoryMessage, readHistory } from './read-history.ts'
import { toDay } from './save-turn-ends.ts'
import type { TurnWork } from './turn-answer.ts'
import { noUsage } from './usage.ts'

export interface ConversationAddress {
  organizationId: string
  conversationId: string
}

export type QuestionRow = Omit<Selectable<QuestionsTable>, 'request'> & { request: Question }
export type TurnRow = Selectable<TurnsTable>

/** A turn that is ours to run, with everything that it needs of the database. */
export interface ClaimedTurn extends ConversationAddress {
  id: string
  startedAt: Date
  attempt: number
  /** Newest message when the history was read. */
  seenSeq: number
  /** What it answers, oldest first. */
  questions: QuestionRow[]
  agent: ClaimedAgent
  channel: string
  history: HistoryMessage[]
}

export interface ClaimedAgent {
  id: string
  name: string
  systemPrompt: string | null
  settings: AgentSettings
  /** US dollars, today. */
  spent: number
}

export type Claim =
  /** Nothing is open. */
  | { kind: 'idle' }
  | { kind: 'claimed', turn: ClaimedTurn, isMoreOpen: boolean }
  /** The customer may write on: it is to be tried again then. */
  | { kind: 'later', at: Date }
  /** Another turn runs. */
  | { kind: 'busy' }

interface ClaimRequest extends ConversationAddress {
  runnerId: string
  /** Of the turn that may begin. */
  turnId: string
  /** Messages whose callers wait in this process. */
  awaitedIds: readonly string[]
}

/**
 * Begins a turn for what is open in a conversation, if it is time: never two at once, however many processes try, as
 * the conversation is locked and an index allows one turn that runs. Questions of callers who wait in another process
 * begin no turn here, but are answered together with one that does. Where the AI is off, all that is open ends at once.
 */
export async function claimTurn(
  tx: Transaction, { runnerId, turnId, awaitedIds, ...address }: ClaimRequest,
): Promise<Claim> {
  const conversation = await lockConversation(tx, address.organizationId, address.conversationId)
  const open = await readOpenQuestions(tx, address)
  const newest = open.findLast(({ message_id, request }) => request.isAsync || awaitedIds.includes(message_id))
  if (!newest) return { kind: 'idle' }
  if (await isTurnRunning(tx, address)) return { kind: 'busy' }
  const start = async (id: string, agent: ClaimedAgent) => startTurn(tx, {
    id, runnerId, conversation, agent, questions: open.filter((question) => question.agent_id === agent.id),
  })
  if (!isAiOn(conversation)) {
    for (const agentId of new Set(open.map((question) => question.agent_id))) {
      const turn = await start(createId(), await readAgent(tx, address.organizationId, agentId))
      await endSilently(tx, { conversation, work: toWork(turn), outcome: 'ai_off' })
    }
    return { kind: 'idle' }
  }
  const agent = await readAgent(tx, address.organizationId, newest.agent_id)
  const at = findDueTime(open.filter((question) => question.agent_id === agent.id), agent.settings)
  if (at > new Date()) return { kind: 'later', at }
  const turn = await start(turnId, agent)
  return {
    kind: 'claimed', turn: { ...turn, history: await readTurnHistory(tx, turn) },
    isMoreOpen: open.length > turn.questions.length,
  }
}

/** Reads the prompt of a running turn anew, with whatever has arrived; undefined if it ended elsewhere. */
export async function readTurnAgain(tx: Transaction, turn: ClaimedTurn): Promise<ClaimedTurn | undefined> {
  const conversation = await lockConversation(tx, turn.organizationId, turn.conversationId)
  const open = await readOpenQuestions(tx, turn)
  const questions = open.filter((question) => question.agent_id === turn.agent.id)
  const again = { ...turn, questions, attempt: turn.attempt + 1, seenSeq: conversation.last_seq }
  const { numUpdatedRows } = await tx.updateTable('turns')
    .set({ attempt: again.attempt, seen_seq: again.seenSeq, message_ids: questions.map((one) => one.message_id) })
    .where('organization_id', '=', turn.organizationId).where('id', '=', turn.id).where('finished_at', 'is', null)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) return undefined
  await takeQuestions(tx, again)
  return { ...again, history: await readTurnHistory(tx, again) }
}

async function readOpenQuestions(
  tx: Transaction, { organizationId, conversationId }: ConversationAddress,
): Promise<QuestionRow[]> {
  return tx.selectFrom('questions').selectAll()
    .where('organization_id', '=', organizationId).where('conversation_id', '=', conversationId)
    .where('settled_at', 'is', null).orderBy('seq').execute()
}

async function isTurnRunning(
  tx: Transaction, { organizationId, conversationId }: ConversationAddress,
): Promise<boolean> {
  const running = await tx.selectFrom('turns').select('id')
    .where('organization_id', '=', organizationId).where('conversation_id', '=', conversationId)
    .where('finished_at', 'is', null).executeTakeFirst()
  return running !== undefined
}

async function readAgent(tx: Transaction, organizationId: string, id: string): Promise<ClaimedAgent> {
  const row = await tx.selectFrom('agents as a')
    .leftJoin('agent_spend as s', (join) => join
      .onRef('s.organization_id', '=', 'a.organization_id').onRef('s.agent_id', '=', 'a.id')
      .on('s.day', '=', toDay(new Date())))
    .select(['a.id', 'a.name', 'a.system_prompt', 'a.settings', 's.cost'])
    .where('a.organization_id', '=', organizationId).where('a.id', '=', id).executeTakeFirstOrThrow()
  return {
    id, name: row.name, systemPrompt: row.system_prompt, settings: readSettings(row.settings),
    spent: Number(row.cost ?? 0),
  }
}

/** When the customer seems to have finished: nothing for the window, or long enough altogether. */
function findDueTime(questions: readonly QuestionRow[], { burstWindowMs, burstMaxWaitMs }: AgentSettings): Date {
  const times = questions.map((question) => question.asked_at.getTime())
  const mostMs = Math.max(burstMaxWaitMs, burstWindowMs)
  return new Date(Math.min(Math.max(...times) + burstWindowMs, Math.min(...times) + mostMs))
}

interface Start {
  id: string
  runnerId: string
  conversation: ConversationRow
  questions: QuestionRow[]
  agent: ClaimedAgent
}

async function startTurn(
  tx: Transaction, { id, runnerId, conversation, questions, agent }: Start,
): Promise<Omit<ClaimedTurn, 'history'>> {
  const turn = {
    organizationId: conversation.organization_id, conversationId: conversation.id, id,
    startedAt: new Date(), attempt: 1, seenSeq: conversation.last_seq, questions, agent, channel: conversation.channel,
  }
  await tx.insertInto('turns').values({
    organization_id: turn.organizationId, id: turn.id, conversation_id: turn.conversationId, agent_id: agent.id,
    runner_id: runnerId, attempt: 1, message_ids: questions.map((question) => question.message_id),
    seen_seq: turn.seenSeq, started_at: turn.startedAt,
  }).execute()
  await takeQuestions(tx, turn)
  return turn
}

async function takeQuestions(
  tx: Transaction, { organizationId, id, questions }: Pick<ClaimedTurn, 'organizationId' | 'id' | 'questions'>,
): Promise<void> {
  await tx.updateTable('questions').set({ turn_id: id })
    .where('organization_id', '=', organizationId)
    .where('message_id', '=', sql<string>`any(${questions.map((question) => question.message_id)}::text[])`).execute()
}

function readTurnHistory(tx: Transaction, turn: Omit<ClaimedTurn, 'history'>): Promise<HistoryMessage[]> {
  return readHistory(tx, {
    organizationId: turn.organizationId, conversationId: turn.conversationId, limit: turn.agent.settings.historyLimit,
    messageIds: turn.questions.map((question) => question.message_id),
  })
}

/** What a turn did before its model was asked. */
export function toWork(turn: Omit<ClaimedTurn, 'history'>): TurnWork {
  const { id, organizationId, conversationId, agent, startedAt, questions } = turn
  return {
    id, organizationId, conversationId, agentId: agent.id, apiKeyId: questions.at(-1)!.api_key_id, startedAt,
    messageIds: questions.map((question) => question.message_id), seenMessageIds: [], usage: noUsage, toolCalls: [],
  }
}
