import { isDeepStrictEqual } from 'node:util'
import type { Message, MessageChange } from '@hilo/contract'
import { readTakeover } from '../agents/takeovers.ts'
import { overtakeTurn } from '../answers/overtake-turn.ts'
import type { ConversationRow } from '../conversations/access-conversation.ts'
import { type Consequence, followMessage } from '../conversations/follow-message.ts'
import { lockConversation } from '../conversations/lock-conversation.ts'
import type { Transaction } from '../database/schema.ts'
import { HiloError } from '../errors.ts'
import { type NewEvent, recordEvents } from '../events/record-events.ts'
import { accessMessage, type MessageAddress } from './access-message.ts'
import { mergeMetadata } from '../metadata/merge-metadata.ts'
import { type MessageRow, presentMessage } from './present-message.ts'
import { isPrivateNote } from './private-note.ts'

/**
 * Publishes a draft, edits metadata. For everybody else a draft is created when it is published: until then, changes of
 * it make no event. What is so already is no change.
 * @throws HiloError NOT_FOUND, or INVALID_REQUEST for unpublishing and for metadata that grows too large.
 */
export async function changeMessage(
  tx: Transaction, { change, apiKeyId, ...address }: MessageAddress & { change: MessageChange, apiKeyId: string },
): Promise<Message> {
  const { organizationId, conversationId, messageId } = address
  const conversation = await lockConversation(tx, organizationId, conversationId)
  const before = await accessMessage(tx, address, { lock: true })
  const after = apply(before, change)
  if (!isDeepStrictEqual(after, before)) {
    await save(tx, after)
    const consequences = before.is_draft && !after.is_draft ? await publish(tx, after, conversation) : []
    const event = describeChange(before, after)
    if (event) {
      await recordEvents(tx, [{ ...event, messageId }, ...consequences].map((one) => (
        { ...one, organizationId, conversationId, apiKeyId }
      )))
    }
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

/** Once a message is published, its metadata is all that can change. */
function describeChange(before: MessageRow, after: MessageRow): Pick<NewEvent, 'type' | 'data'> | undefined {
  if (after.is_draft) return undefined
  return before.is_draft ? { type: 'message.created' } : { type: 'message.updated', data: { changed: ['metadata'] } }
}

async function save(tx: Transaction, row: MessageRow): Promise<void> {
  const { organization_id, id, is_draft, occurred_at, metadata } = row
  await tx.updateTable('messages').set({ is_draft, occurred_at, metadata: JSON.stringify(metadata) })
    .where('organization_id', '=', organization_id).where('id', '=', id).execute()
}

/** A published draft is news of its conversation, which follows it like any new message. @returns the events. */
async function publish(
  tx: Transaction, { author_kind, occurred_at, metadata }: MessageRow, conversation: ConversationRow,
): Promise<Consequence[]> {
  const { organization_id: organizationId, id, agent_id: agentId } = conversation
  const state = { ...conversation }
  const said = { authorKind: author_kind, occurredAt: occurred_at, receivedAt: occurred_at }
  const consequences = isPrivateNote(metadata)
    ? [] : followMessage(state, said, await readTakeover(tx, organizationId, agentId))
  const { status, is_ai_enabled, ai_off_cause, ai_off_reason, ai_resumes_at } = state
  await tx.updateTable('conversations')
    .set({ status, is_ai_enabled, ai_off_cause, ai_off_reason, ai_resumes_at, updated_at: new Date() })
    .where('organization_id', '=', organizationId).where('id', '=', id).execute()
  const isNews = author_kind === 'human' || author_kind === 'contact'
  if (isNews && !isPrivateNote(metadata)) await overtakeTurn(tx, conversation, author_kind)
  return consequences
}
