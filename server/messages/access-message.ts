import { HiloError } from '../errors.ts'
import type { Transaction } from '../database/schema.ts'
import type { MessageRow } from './present-message.ts'

export interface MessageAddress {
  organizationId: string
  /** The conversation's own id. */
  conversationId: string
  messageId: string
}

/**
 * The message of this id. With `lock`, nobody changes it until the end of the transaction.
 * @throws HiloError NOT_FOUND if it is not in this conversation.
 */
export async function accessMessage(
  tx: Transaction, { organizationId, conversationId, messageId }: MessageAddress, { lock = false } = {},
): Promise<MessageRow> {
  const message = await tx.selectFrom('messages').selectAll()
    .where('organization_id', '=', organizationId).where('id', '=', messageId)
    .where('conversation_id', '=', conversationId)
    .$if(lock, (rows) => rows.forNoKeyUpdate())
    .executeTakeFirst()
  if (message) return message
  throw new HiloError('NOT_FOUND', `No message "${messageId}" in conversation "${conversationId}".`, {
    field: 'messageId', hint: `GET /api/conversations/${encodeURIComponent(conversationId)}/messages lists them.`,
  })
}
