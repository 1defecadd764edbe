import { isAiOn } from '../conversations/ai-state.ts'
import type { ConversationSet, ConversationState } from '../conversations/conversation-set.ts'
import { keyOf } from '../database/key-of.ts'
import type { Transaction } from '../database/schema.ts'
import type { Write } from '../database/write-rows.ts'
import type { ClaimedAgent, QuestionRow, StartedTurn } from './claimed-turn.ts'
import { type LockedConversation, readOpenQuestions } from './load-open-questions.ts'
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
}

/** Turns that begin in the transaction that writes their questions. */
export interface Beginnings {
  writes: Write[]
  /** To be called when they are written. @returns by the turn's id. */
  read(): Promise<Map<string, Claimed>>
}

/**
 * Decides which questions of a batch have their turns begin with them, and gives them these turns: most questions, as
 * nothing stands in their way. What has to wait, or is not to be answered, is left to its conductor. Conversations are
 * locked.
 */
export async function beginTurns(tx: Transaction, known: Known): Promise<Beginnings> {
  const { locked, requests } = findFree(known)
  if (locked.length === 0) return { writes: [], read: () => Promise.resolve(new Map()) }
  const open = { conversations: await readOpenQuestions(tx, locked), agents: known.askedAgents }
  for (const question of known.questions) {
    open.conversations.get(keyOf(question.organization_id, question.conversation_id))?.questions.push(question)
  }
  const decisions = decideTurns(open, requests)
  const turns = listStarts(decisions)
  nameTurns(turns, new Set(known.questions))
  return {
    writes: writeStarts(turns, known.offered[0]!.runnerId),
    async read() {
      const claims = await toClaims(tx, decisions)
      return new Map(claims.flatMap((claim) => (claim.kind === 'claimed' ? [[claim.turn.id, claim]] : [])))
    },
  }
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
