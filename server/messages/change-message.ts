import { isDeepStrictEqual } from 'node:util'
import type { EventType, Message, MessageChange } from '@hilo/contract'
import { lockConversation } from '../conversations/lock-conversation.ts'
import type { Transaction } from '../database/schema.ts'
import { HiloError } from '../errors.ts'
import { recordEvents } from '../events/record-events.ts'
import { accessMessage, type MessageAddress } from './access-message.ts'
import { mergeMetadata } from '../metadata/merge-metadata.ts'
import { type MessageRow, presentMessage } from './present-message.ts'

/**
 * Publishes a draft, edits metadata. For everybody else a draft is created when it is published: until then, changes of
 * it make no event. What is so already is no change.
 * @throws HiloError NOT_FOUND, or INVALID_REQUEST for unpublishing and for metadata that grows too large.
 */
export async function changeMessage(
  tx: Transaction, { change, apiKeyId, ...address }: MessageAddress & { change: MessageChange, apiKeyId: string },
): Promise<Message> {
  const { organizationId, conversationId, messageId } = address
  await lockConversation(tx, organizationId, conversationId)
  const before = await accessMessage(tx, address, { lock: true })
  const after = apply(before, change)
  if (!isDeepStrictEqual(after, before)) {
    await save(tx, after)
    if (before.is_draft && !after.is_draft) await touchConversation(tx, address)
    const type = nameChange(before, after)
    if (type) await recordEvents(tx, [{ organizationId, conversationId, messageId, type, apiKeyId }])
  }
  return presentMessage(after)
}

function apply(before: MessageRow, { isDraft, metadata }: MessageChange): MessageRow {
  if (isDraft && !before.is_draft) {
    throw new HiloError('INVALID_REQUEST', `Message "${before.id}" is published; it cannot become a draft again.`, {
      field: 'isDraft', hint: 'Leave isDraft out to change only the metadata.',
    })
  }
  const isPublished = before.is_draft && isDraft === false
  return {
    ...before,
    is_draft: before.is_draft && !isPublished,
    occurred_at: isPublished ? new Date() : before.occurred_at, // it is said when it is published
    metadata: metadata ? mergeMetadata(before.metadata, metadata) : before.metadata,
  }
}

function nameChange(before: MessageRow, after: MessageRow): EventType | undefined {
  if (after.is_draft) return undefined
  return before.is_draft ? 'message.created' : 'message.updated'
}

async function save(tx: Transaction, row: MessageRow): Promise<void> {
  const { organization_id, id, is_draft, occurred_at, metadata } = row
  await tx.updateTable('messages').set({ is_draft, occurred_at, metadata: JSON.stringify(metadata) })
    .where('organization_id', '=', organization_id).where('id', '=', id).execute()
}

/** A published draft is news of its conversation, like any new message. */
async function touchConversation(tx: Transaction, { organizationId, conversationId }: MessageAddress): Promise<void> {
  await tx.updateTable('conversations').set({ updated_at: new Date() })
    .where('organization_id', '=', organizationId).where('id', '=', conversationId).execute()
}
