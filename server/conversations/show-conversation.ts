import type { Conversation, ConversationWithMessages } from '@hilo/contract'
import type { Transaction } from '../database/schema.ts'
import { HiloError } from '../errors.ts'
import { listMessages } from '../messages/list-messages.ts'
import { accessConversation } from './access-conversation.ts'
import { presentConversation } from './present-conversation.ts'
import { readConversations } from './read-conversations.ts'

export interface Shown {
  organizationId: string
  /** Its own id, or a `conversationId` that it was recorded with. */
  id: string
  limit?: number
  cursor?: string
}

/**
 * A conversation with a page of its messages, newest first.
 * @throws HiloError NOT_FOUND, or INVALID_REQUEST for a broken cursor.
 */
export async function showConversation(
  tx: Transaction, { organizationId, id, ...page }: Shown,
): Promise<ConversationWithMessages> {
  const conversation = await accessConversation(tx, organizationId, { id })
  const { items, ...cursors } = await listMessages(tx, { organizationId, conversationId: conversation.id, ...page })
  return { ...await readConversation(tx, organizationId, conversation.id), messages: items, ...cursors }
}

/** A conversation as the API answers it, by its own id. */
export async function readConversation(
  tx: Transaction, organizationId: string, id: string,
): Promise<Conversation> {
  const [row] = await readConversations(tx, tx.selectFrom('conversations').selectAll()
    .where('organization_id', '=', organizationId).where('id', '=', id))
  if (!row) throw new HiloError('NOT_FOUND', `No conversation "${id}" in this organization.`, { field: 'id' })
  return presentConversation(row)
}
