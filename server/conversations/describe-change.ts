import { isDeepStrictEqual } from 'node:util'
import type { Metadata } from '../database/schema.ts'
import type { NewEvent } from '../events/record-events.ts'
import type { ConversationRow } from './access-conversation.ts'
import { isAiOn } from './ai-state.ts'
import type { Answering } from './handover.ts'
import { presentAiOff } from './present-conversation.ts'

/** What a caller can change of a conversation. */
export type Changeable = Answering & { metadata: Metadata }

/** A change of hands, which has an event of its own. */
export interface Handover {
  type: 'conversation.handed_off' | 'conversation.handed_back'
  reason?: string | null
}

/** The events of a change; none where nothing that anybody sees has changed. */
export function describeChange(
  before: ConversationRow, after: Partial<Changeable>, handover?: Handover,
): NewEvent[] {
  const about = { organizationId: before.organization_id, conversationId: before.id }
  const whole = { ...before, ...after }
  const events: NewEvent[] = []
  if (whole.status !== before.status) {
    events.push({ ...about, type: 'conversation.status_changed', data: { from: before.status, to: whole.status } })
  }
  if (handover) events.push({ ...about, type: handover.type, data: { reason: handover.reason || null } })
  const changed = [
    ...(handover ? [] : findAiChange(before, whole)),
    ...(isDeepStrictEqual(whole.metadata, before.metadata) ? [] : ['metadata']),
  ]
  if (changed.length > 0) events.push({ ...about, type: 'conversation.updated', data: { changed } })
  return events
}

/** `aiOff` is named where the AI is as quiet as before, but for another cause. */
function findAiChange(before: Answering, after: Answering): string[] {
  if (isAiOn(before) !== isAiOn(after)) return ['isAiEnabled']
  return isDeepStrictEqual(presentAiOff(before), presentAiOff(after)) ? [] : ['aiOff']
}
