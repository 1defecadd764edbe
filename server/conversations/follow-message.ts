import type { AuthorKind, ConversationStatus } from '@hilo/contract'
import { sql } from 'kysely'
import type { TakeoverPolicy } from '../agents/agent-settings.ts'
import type { NewEvent } from '../events/record-events.ts'
import { type AiState, aiOff, isAiOn } from './ai-state.ts'

const historyMs = 24 * 3_600_000
const minuteMs = 60_000

/** What was said so long before it came is history: it says nothing about who talks now. */
export function isHistory({ occurredAt, receivedAt }: Pick<Followed, 'occurredAt' | 'receivedAt'>): boolean {
  return receivedAt.getTime() - occurredAt.getTime() > historyMs
}

/** The same of a row `m` of the table `messages`. */
export const isHistoryRow = sql`(m.received_at - m.occurred_at > interval '24 hours')`

interface Followed {
  authorKind: AuthorKind
  occurredAt: Date
  receivedAt: Date
}

type Followable = AiState & { status: ConversationStatus }

/** An event without its conversation. */
export type Consequence = Pick<NewEvent, 'type' | 'data'>

/**
 * Lets a conversation follow what was just said in it: a customer's message reopens it; after one of a human colleague
 * the AI stays quiet, as the agent's policy says. Changes `state`. @returns the events of it.
 */
export function followMessage(state: Followable, message: Followed, takeover: TakeoverPolicy): Consequence[] {
  if (isHistory(message)) return []
  if (message.authorKind === 'contact') return reopen(state)
  return message.authorKind === 'human' ? fallSilent(state, message, takeover) : []
}

function reopen(state: Followable): Consequence[] {
  if (state.status !== 'RESOLVED') return []
  state.status = 'UNRESOLVED'
  return [{ type: 'conversation.status_changed', data: { from: 'RESOLVED', to: 'UNRESOLVED' } }]
}

/**
 * A pause of minutes begins anew with each message, and one that comes late does not shorten it; whatever switched the
 * AI off for longer holds.
 */
function fallSilent(state: Followable, { occurredAt, receivedAt }: Followed, takeover: TakeoverPolicy): Consequence[] {
  if (takeover.policy === 'never') return []
  const wasOn = isAiOn(state, receivedAt)
  if (!wasOn && state.ai_resumes_at === null) return []
  const resumesAt = takeover.policy === 'minutes'
    ? new Date(occurredAt.getTime() + takeover.minutes * minuteMs) : undefined
  if (resumesAt && (resumesAt <= receivedAt || (!wasOn && resumesAt <= state.ai_resumes_at!))) return []
  Object.assign(state, aiOff('human_message', { reason: 'A human wrote.', resumesAt }))
  return wasOn ? [{ type: 'conversation.handed_off', data: { reason: 'A human wrote.' } }] : []
}
