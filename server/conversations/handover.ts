import type { ConversationRow } from './access-conversation.ts'
import { type AiState, aiOff, aiOn, isAiOn } from './ai-state.ts'

/** Who answers in a conversation; column names as in the table `conversations`. */
export type Answering = AiState & Pick<ConversationRow, 'status'>

/**
 * The conversation after it was handed to a human; undefined where that is so already. One in which the AI was switched
 * off stays so: resolving it must not switch the AI on.
 */
export function handOff(before: Answering, reason?: string | null): Answering | undefined {
  if (isHandedOff(before) || (isSwitchedOff(before) && saysTheSame(before, reason))) return undefined
  const cause = isSwitchedOff(before) ? 'switched_off' : 'handed_off'
  return { status: 'HUMAN_REQUESTED', ...aiOff(cause, { reason: reason || undefined }) }
}

/** Whether the AI was switched off, which nothing but switching it on or handing the conversation back ends. */
export function isSwitchedOff(state: AiState): boolean {
  return !isAiOn(state) && (state.ai_off_cause ?? 'switched_off') === 'switched_off'
}

function isHandedOff(before: Answering): boolean {
  return !isAiOn(before) && before.ai_off_cause === 'handed_off' && before.status === 'HUMAN_REQUESTED'
}

function saysTheSame({ status, ai_off_reason: known }: Answering, reason?: string | null): boolean {
  return status === 'HUMAN_REQUESTED' && (!reason || reason === known)
}

/** The conversation after it was handed back to the AI; undefined where the AI has it already. */
export function handBack(before: Answering): Answering | undefined {
  if (isAiOn(before) && before.status !== 'HUMAN_REQUESTED') return undefined
  return { status: before.status === 'HUMAN_REQUESTED' ? 'UNRESOLVED' : before.status, ...aiOn }
}

/** Whether a human has the conversation, who gives it back by resolving it. */
export function isTakenOver(state: AiState): boolean {
  return !isAiOn(state) && (state.ai_off_cause === 'handed_off' || state.ai_off_cause === 'human_message')
}
