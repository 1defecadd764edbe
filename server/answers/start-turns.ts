import { sql } from 'kysely'
import type { AgentSettings } from '../agents/agent-settings.ts'
import { isAiOn } from '../conversations/ai-state.ts'
import { keyOf } from '../database/key-of.ts'
import { insertInto, type Write } from '../database/write-rows.ts'
import {
  type ClaimedAgent, type ClaimedTurn, type ConversationAddress, messageIdsOf, type QuestionRow, type StartedTurn,
} from './claimed-turn.ts'
import type { LockedConversation, Open, OpenConversation } from './load-open-questions.ts'

export interface ClaimRequest extends ConversationAddress {
  /** Of the turn that may begin. */
  turnId: string
  /** Messages whose callers wait in this process. */
  awaitedIds: readonly string[]
}

/** A turn of ours that has begun. */
export interface Claimed {
  kind: 'claimed'
  turn: ClaimedTurn
  /** Other agents were asked too. */
  isMoreOpen: boolean
}

export type Claim =
  | Claimed
  /** Nothing is open. */
  | { kind: 'idle' }
  /** The customer may write on: it is to be tried again then. */
  | { kind: 'later', at: Date }
  /** Another turn runs. */
  | { kind: 'busy' }

/** Before the history was read, for all turns together. */
export type Decision = Exclude<Claim, Claimed> | { kind: 'starts', turn: StartedTurn, isMoreOpen: boolean }

/**
 * Which turns begin in conversations that are locked: each where it is time. Never two at once, however many processes
 * try, as an index allows one turn that runs.
 * @returns one for each request, in order.
 */
export function decideTurns(open: Open, requests: readonly ClaimRequest[]): Decision[] {
  return requests.map((request) => decide(open, request))
}

export function listStarts(decisions: readonly Decision[]): StartedTurn[] {
  return decisions.flatMap((one) => (one.kind === 'starts' ? [one.turn] : []))
}

/** @param claimed the turns that begin, with their pasts, by id. */
export function toClaims(decisions: readonly Decision[], claimed: ReadonlyMap<string, ClaimedTurn>): Claim[] {
  return decisions.map((one): Claim => (one.kind === 'starts'
    ? { kind: 'claimed', turn: claimed.get(one.turn.id)!, isMoreOpen: one.isMoreOpen } : one))
}

function decide(open: Open, request: ClaimRequest): Decision {
  const found = findOpen(open, request)
  const newest = found && findNewest(found, request)
  if (!newest) return { kind: 'idle' }
  const { conversation, isBusy } = found
  if (isBusy) return { kind: 'busy' }
  if (!isAiOn(conversation)) return { kind: 'idle' }
  const agent = open.agents.get(keyOf(request.organizationId, newest.agent_id))!
  const turn = prepareTurn(found, agent, request.turnId)
  const at = findDueTime(turn.questions, agent.settings)
  if (at > new Date()) return { kind: 'later', at }
  return { kind: 'starts', turn, isMoreOpen: found.questions.length > turn.questions.length }
}

export function findOpen<Conversation extends LockedConversation>(
  { conversations }: Open<Conversation>, { organizationId, conversationId }: ConversationAddress,
): OpenConversation<Conversation> | undefined {
  return conversations.get(keyOf(organizationId, conversationId))
}

/**
 * Questions of callers who wait in another process begin no turn here, but are answered together with one that does.
 */
export function findNewest({ questions }: OpenConversation, { awaitedIds }: ClaimRequest): QuestionRow | undefined {
  return questions.findLast(({ message_id, request }) => request.isAsync || awaitedIds.includes(message_id))
}

/** When the customer seems to have finished: nothing for the window, or long enough altogether. */
function findDueTime(questions: readonly QuestionRow[], { burstWindowMs, burstMaxWaitMs }: AgentSettings): Date {
  const times = questions.map((question) => question.asked_at.getTime())
  const mostMs = Math.max(burstMaxWaitMs, burstWindowMs)
  return new Date(Math.min(Math.max(...times) + burstWindowMs, Math.min(...times) + mostMs))
}

export function prepareTurn(
  { conversation, questions }: OpenConversation, agent: ClaimedAgent, id: string,
): StartedTurn {
  return {
    organizationId: conversation.organization_id, conversationId: conversation.id, id, startedAt: new Date(),
    attempt: 1, seenSeq: conversation.last_seq, channel: conversation.channel, agent,
    contactId: conversation.contact_id,
    questions: questions.filter((question) => question.agent_id === agent.id),
  }
}

/** @param runnerId the process that will run them. */
export function writeStarts(turns: readonly StartedTurn[], runnerId: string): Write[] {
  const rows = turns.map((turn) => ({
    organization_id: turn.organizationId, id: turn.id, conversation_id: turn.conversationId, agent_id: turn.agent.id,
    runner_id: runnerId, attempt: turn.attempt, message_ids: messageIdsOf(turn), seen_seq: turn.seenSeq,
    started_at: turn.startedAt,
  }))
  return [insertInto('turns', { columns, rows }), takeUp(turns)]
}

const columns = [
  'organization_id', 'id', 'conversation_id', 'agent_id', 'runner_id', 'attempt', 'message_ids', 'seen_seq',
  'started_at',
] as const

/**
 * Questions that were there before; those that are written together with their turn name it themselves. Without the
 * list, PostgreSQL may take reading all questions there ever were for the best.
 */
function takeUp(turns: readonly StartedTurn[]): Write {
  const rows = turns.flatMap(({ organizationId, id, questions }) => (
    questions.filter((question) => question.turn_id !== id)
      .map(({ message_id }) => ({ organization_id: organizationId, message_id, turn_id: id }))
  ))
  return rows.length === 0 ? undefined : sql`
    update questions q set turn_id = e.turn_id
    from json_populate_recordset(null::questions, ${JSON.stringify(rows)}::json) e
    where q.message_id = e.message_id and q.organization_id = e.organization_id
      and q.message_id = any(${rows.map((row) => row.message_id)}::text[])
  `
}
