import { type AiState, isAiOn } from '../conversations/ai-state.ts'
import type { ConversationState } from '../conversations/conversation-set.ts'
import { handOff } from '../conversations/handover.ts'
import { keyOf } from '../database/key-of.ts'
import type { NewEvent } from '../events/record-events.ts'
import type { Overtaker, Recorded } from '../messages/new-message.ts'
import type { OpenTurns } from './open-turns.ts'
import { type Decided, type TurnAnswer, type TurnEnd, turnErrors } from './turn-answer.ts'

/**
 * THE FENCE. Who was quicker than this answer, if somebody was: an answer joins a conversation only if neither the
 * customer nor a human wrote in it since its prompt was read, and nobody has switched the AI off.
 */
export function findOvertaker(
  turns: OpenTurns, { work, seenSeq, isFenced }: Pick<TurnAnswer, 'work' | 'seenSeq' | 'isFenced'>,
  conversation: AiState & Pick<ConversationState, 'newestSeq'>,
): Overtaker | undefined {
  if (!turns.has(keyOf(work.organizationId, work.id))) return 'turn'
  if (!isFenced) return undefined
  if (!isAiOn(conversation) || conversation.newestSeq.human > seenSeq) return 'human'
  return conversation.newestSeq.contact > seenSeq ? 'contact' : undefined
}

type Addressed = AiState & Pick<ConversationState, 'organizationId' | 'id' | 'status'>

/** What the model decided, done to the conversation. @returns the events of it. */
export function carryOut({ handOff: wanted, isResolved }: Decided, conversation: Addressed): NewEvent[] {
  const { organizationId, id: conversationId, status: from } = conversation
  const about = { organizationId, conversationId }
  const events: NewEvent[] = []
  const handedOff = wanted && handOff(conversation, wanted.reason)
  if (handedOff) {
    Object.assign(conversation, handedOff)
    events.push({ ...about, type: 'conversation.handed_off', data: { reason: wanted.reason ?? null } })
  } else if (isResolved) conversation.status = 'RESOLVED'
  const to = conversation.status
  if (to !== from) events.push({ ...about, type: 'conversation.status_changed', data: { from, to } })
  return events
}

/** The end of a turn whose answer was recorded, its parts in order; an unfenced one was broken off. */
export function describeEnd(
  { work, decided, isFenced }: TurnAnswer, parts: readonly { recorded: Recorded, text: string }[],
  conversation: Addressed,
): TurnEnd {
  return {
    work,
    outcome: isFenced ? 'answered' : 'aborted',
    ...(isFenced ? {} : { error: turnErrors.aborted }),
    answerIds: parts.map(({ recorded }) => recorded.messageId),
    approvals: decided.approvals,
    result: {
      answer: isFenced ? parts.map(({ text }) => text).join('\n\n') : '',
      messageId: isFenced ? parts[0]!.recorded.messageId : null,
      status: conversation.status,
      requestsHuman: !isAiOn(conversation),
    },
  }
}
