import { isAiOn } from '../conversations/ai-state.ts'
import type { ConversationSet, ConversationState } from '../conversations/conversation-set.ts'
import { keyOf } from '../database/key-of.ts'
import type { Transaction } from '../database/schema.ts'
import type { ClaimedAgent } from './claimed-turn.ts'
import { type LockedConversation, readOpenQuestions } from './load-open-questions.ts'
import { type Claimed, type ClaimRequest, startWhereDue } from './start-turns.ts'

/** A turn of this process that may begin with its question. */
export interface Offer {
  turnId: string
  /** This process. */
  runnerId: string
}

/** A question of a batch that was written, with the turn that may begin with it. */
export interface OfferedQuestion extends Offer {
  organizationId: string
  conversationId: string
  messageId: string
  agentId: string
}

/** What the batch knows. */
interface Known {
  offered: readonly OfferedQuestion[]
  conversations: ConversationSet
  askedAgents: Map<string, ClaimedAgent>
}

/**
 * Begins turns in the transaction that has just written their questions, where nothing stands in the way: most of them.
 * What has to wait, or is not to be answered, is left to its conductor. Conversations are locked.
 * @returns by the turn's id.
 */
export async function beginTurns(
  tx: Transaction, { offered, conversations, askedAgents }: Known,
): Promise<Map<string, Claimed>> {
  const requests = new Map<string, ClaimRequest>()
  const locked = new Map<string, LockedConversation>()
  for (const { organizationId, conversationId, messageId, agentId, turnId } of offered) {
    const key = keyOf(organizationId, conversationId)
    const state = conversations.byId.get(key)!
    const waits = askedAgents.get(keyOf(organizationId, agentId))!.settings.burstWindowMs > 0
    if (waits || !isAiOn(state)) continue
    locked.set(key, toLocked(state))
    const awaitedIds = [...requests.get(key)?.awaitedIds ?? [], messageId]
    requests.set(key, { organizationId, conversationId, turnId, awaitedIds })
  }
  if (locked.size === 0) return new Map()
  const open = { conversations: await readOpenQuestions(tx, [...locked.values()]), agents: askedAgents }
  const claims = await startWhereDue(tx, open, { requests: [...requests.values()], runnerId: offered[0]!.runnerId })
  return new Map(claims.flatMap((claim) => (claim.kind === 'claimed' ? [[claim.turn.id, claim]] : [])))
}

function toLocked(
  { organizationId, id, channel, contactId, lastSeq, ...state }: ConversationState,
): LockedConversation {
  return { ...state, organization_id: organizationId, id, channel, contact_id: contactId, last_seq: lastSeq }
}
