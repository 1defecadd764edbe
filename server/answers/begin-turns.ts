import { isAiOn } from '../conversations/ai-state.ts'
import type { ConversationSet, ConversationState } from '../conversations/conversation-set.ts'
import { keyOf } from '../database/key-of.ts'
import type { Write } from '../database/write-rows.ts'
import type { ClaimedAgent, ClaimedTurn, QuestionRow, StartedTurn } from './claimed-turn.ts'
import { joinQuestions, type LockedConversation, type Open, type OpenQuestions } from './load-open-questions.ts'
import {
  type Claimed, type ClaimRequest, decideTurns, listStarts, toClaims, writeStarts,
} from './start-turns.ts'

/** A turn of this process that may begin with its question. */
export interface Offer {
  turnId: string
  /** This process. */
  runnerId: string
}

/** A question of a batch, about to be written, with the turn that may begin with it. */
export interface OfferedQuestion extends Offer {
  organizationId: string
  conversationId: string
  messageId: string
  agentId: string
}

/** What the batch knows. */
interface Known {
  offered: readonly OfferedQuestion[]
  /** About to be written. */
  questions: readonly QuestionRow[]
  conversations: ConversationSet
  askedAgents: Map<string, ClaimedAgent>
  /** What was open in these conversations before, by `keyOf`. */
  openQuestions: Map<string, OpenQuestions>
}

/** Turns that begin in the transaction that writes their questions. */
export interface Beginnings {
  turns: StartedTurn[]
  writes: Write[]
  /** @param claimed with their pasts, by id. @returns by the turn's id. */
  toClaimed(claimed: ReadonlyMap<string, ClaimedTurn>): Map<string, Claimed>
}

/**
 * Decides which questions of a batch have their turns begin with them, and gives them these turns: most questions, as
 * nothing stands in their way. What has to wait, or is not to be answered, is left to its conductor. Conversations are
 * locked.
 */
export function beginTurns(known: Known): Beginnings {
  const { locked, requests } = findFree(known)
  const decisions = decideTurns(joinOpen(known, locked), requests)
  const turns = listStarts(decisions)
  nameTurns(turns, new Set(known.questions))
  return {
    turns,
    writes: turns.length === 0 ? [] : writeStarts(turns, known.offered[0]!.runnerId),
    toClaimed: (claimed) => new Map(toClaims(decisions, claimed).flatMap((claim) => (
      claim.kind === 'claimed' ? [[claim.turn.id, claim]] : []
    ))),
  }
}

/** What is open in these conversations, with the questions of the batch. */
function joinOpen(
  { openQuestions, questions, askedAgents: agents }: Known, locked: readonly LockedConversation[],
): Open {
  const conversations = joinQuestions(locked, openQuestions)
  for (const question of questions) {
    conversations.get(keyOf(question.organization_id, question.conversation_id))?.questions.push(question)
  }
  return { conversations, agents }
}

function nameTurns(turns: readonly StartedTurn[], unwritten: ReadonlySet<QuestionRow>): void {
  for (const { id, questions } of turns) {
    for (const question of questions) if (unwritten.has(question)) question.turn_id = id
  }
}

/** Conversations in which the AI may answer at once, each with the last question that offers a turn. */
function findFree(
  { offered, conversations, askedAgents }: Known,
): { locked: LockedConversation[], requests: ClaimRequest[] } {
  const locked = new Map<string, LockedConversation>()
  const requests = new Map<string, ClaimRequest>()
  for (const { organizationId, conversationId, messageId, agentId, turnId } of offered) {
    const key = keyOf(organizationId, conversationId)
    const state = conversations.byId.get(key)!
    const waits = askedAgents.get(keyOf(organizationId, agentId))!.settings.burstWindowMs > 0
    if (waits || !isAiOn(state)) continue
    locked.set(key, toLocked(state))
    const awaitedIds = [...requests.get(key)?.awaitedIds ?? [], messageId]
    requests.set(key, { organizationId, conversationId, turnId, awaitedIds })
  }
  return { locked: [...locked.values()], requests: [...requests.values()] }
}

function toLocked(
  { organizationId, id, channel, contactId, lastSeq, ...state }: ConversationState,
): LockedConversation {
  return { ...state, organization_id: organizationId, id, channel, contact_id: contactId, last_seq: lastSeq }
}
