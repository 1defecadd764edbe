import type { TurnOutcome } from '@hilo/contract'
import type { ConversationRow } from '../conversations/access-conversation.ts'
import { isAiOn } from '../conversations/ai-state.ts'
import type { Transaction } from '../database/schema.ts'
import { type NewEvent, recordEvents } from '../events/record-events.ts'
import { carryOut } from './end-turn.ts'
import { announceEnds, writeTurnEnds } from './write-turn-ends.ts'
import type { Decided, TurnEnd, TurnError, TurnWork } from './turn-answer.ts'

export interface SilentEnd {
  /** As it is, locked. */
  conversation: ConversationRow
  work: TurnWork
  outcome: TurnOutcome
  error?: TurnError
  decided?: Decided
  /** The AI failed: somebody has to look after the customer. */
  requestsHuman?: boolean
}

const nothing: Decided = { approvals: [] }

/** Ends a turn without an answer. Its conversation is locked, and it still runs. */
export async function endSilently(tx: Transaction, end: SilentEnd): Promise<TurnEnd> {
  const { conversation, work, outcome, error, decided = nothing } = end
  const { organization_id: organizationId, id, status: before } = conversation
  const state = { ...conversation, organizationId }
  const events: NewEvent[] = carryOut(decided, state)
  if (end.requestsHuman && state.status !== 'HUMAN_REQUESTED') {
    state.status = 'HUMAN_REQUESTED'
    events.push({
      organizationId, conversationId: id, type: 'conversation.status_changed', data: { from: before, to: state.status },
    })
  }
  if (events.length > 0) await saveConversation(tx, state)
  const ended: TurnEnd = {
    work, outcome, error, answerIds: [], approvals: decided.approvals,
    result: { answer: '', messageId: null, status: state.status, requestsHuman: !isAiOn(state) },
  }
  const finishedAt = new Date()
  const { apiKeyId } = work
  const all = [...events.map((event) => ({ ...event, apiKeyId })), ...announceEnds([ended], finishedAt)]
  await recordEvents(tx, all, writeTurnEnds([ended], finishedAt))
  return ended
}

async function saveConversation(tx: Transaction, conversation: ConversationRow): Promise<void> {
  const { organization_id, id, status, is_ai_enabled, ai_off_cause, ai_off_reason, ai_resumes_at } = conversation
  await tx.updateTable('conversations')
    .set({ status, is_ai_enabled, ai_off_cause, ai_off_reason, ai_resumes_at, updated_at: new Date() })
    .where('organization_id', '=', organization_id).where('id', '=', id).execute()
}
