import type { Conversation, ConversationKey } from '@hilo/contract'
import type { Static } from 'typebox'
import { directionOf } from '../messages/present-message.ts'
import { type AiState, isAiOn } from './ai-state.ts'
import type { ConversationDetails } from './read-conversations.ts'

/** A conversation as the API answers it. */
export function presentConversation(row: ConversationDetails): Conversation {
  const { contact_id: contactId, keys } = row
  return {
    id: row.id,
    agentId: row.agent_id,
    channel: row.channel as Conversation['channel'],
    status: row.status,
    contact: contactId === null ? null : { id: contactId, firstName: row.first_name, lastName: row.last_name },
    visitorId: row.visitor_id,
    isAiEnabled: isAiOn(row),
    aiOff: presentAiOff(row),
    conversationIds: keys.filter((key) => key.kind === 'conversation_id').map((key) => key.value),
    keys: keys.filter((key) => key.kind !== 'conversation_id') as Static<typeof ConversationKey>[],
    messageCount: row.last_seq,
    lastMessage: presentLastMessage(row.last_message),
    metadata: row.metadata,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
}

/** Why the AI is off, as the API answers it. */
export function presentAiOff(state: AiState): Conversation['aiOff'] {
  if (isAiOn(state)) return null
  return {
    cause: state.ai_off_cause ?? 'switched_off',
    reason: state.ai_off_reason,
    resumesAt: state.ai_resumes_at?.toISOString() ?? null,
  }
}

function presentLastMessage(row: ConversationDetails['last_message']): Conversation['lastMessage'] {
  return row && {
    id: row.id,
    seq: row.seq,
    from: directionOf(row.author_kind),
    text: row.text,
    occurredAt: new Date(row.occurred_at).toISOString(),
  }
}
