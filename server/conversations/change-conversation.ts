import { isDeepStrictEqual } from 'node:util'
import type { Conversation, ConversationChange } from '@hilo/contract'
import type { Transaction } from '../database/schema.ts'
import { type NewEvent, recordEvents } from '../events/record-events.ts'
import { mergeMetadata } from '../metadata/merge-metadata.ts'
import type { Caller } from '../organizations/scopes.ts'
import { accessConversation, type ConversationRow } from './access-conversation.ts'
import { lockConversation } from './lock-conversation.ts'
import { readConversation } from './show-conversation.ts'

/**
 * Changes what the caller names and leaves the rest, above all the metadata, alone. What is so already is no change: it
 * writes nothing and makes no event.
 * @throws HiloError NOT_FOUND, or INVALID_REQUEST if the metadata grows too large.
 */
export async function changeConversation(
  tx: Transaction,
  { organizationId, apiKeyId }: Pick<Caller, 'organizationId' | 'apiKeyId'>,
  { id, change }: { id: string, change: ConversationChange },
): Promise<Conversation> {
  const named = await accessConversation(tx, organizationId, id)
  const before = await lockConversation(tx, organizationId, named.id)
  const after = apply(before, change)
  const events = describe(before, after)
  if (events.length > 0) {
    await tx.updateTable('conversations')
      .set({ ...after, metadata: JSON.stringify(after.metadata), updated_at: new Date() })
      .where('organization_id', '=', organizationId).where('id', '=', before.id).execute()
    await recordEvents(tx, events.map((event) => ({ ...event, apiKeyId })))
  }
  return readConversation(tx, organizationId, before.id)
}

type Changeable = Pick<ConversationRow, 'status' | 'is_ai_enabled' | 'metadata'>

function apply(before: ConversationRow, { status, isAiEnabled, metadata }: ConversationChange): Changeable {
  return {
    status: status ?? before.status,
    is_ai_enabled: isAiEnabled ?? before.is_ai_enabled,
    metadata: metadata ? mergeMetadata(before.metadata, metadata) : before.metadata,
  }
}

function describe(before: ConversationRow, after: Changeable): NewEvent[] {
  const about = { organizationId: before.organization_id, conversationId: before.id }
  const changed = [
    ...(after.is_ai_enabled === before.is_ai_enabled ? [] : ['isAiEnabled']),
    ...(isDeepStrictEqual(after.metadata, before.metadata) ? [] : ['metadata']),
  ]
  const events: NewEvent[] = []
  if (after.status !== before.status) {
    events.push({ ...about, type: 'conversation.status_changed', data: { from: before.status, to: after.status } })
  }
  if (changed.length > 0) events.push({ ...about, type: 'conversation.updated', data: { changed } })
  return events
}
