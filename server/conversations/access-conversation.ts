import type { Selectable } from 'kysely'
import type { ConversationsTable, Transaction } from '../database/schema.ts'
import { HiloError } from '../errors.ts'

export type ConversationRow = Selectable<ConversationsTable>

interface NamedConversation {
  /** Its own, or a `conversationId` that a caller recorded with. */
  id: string
  /** Where the caller named it. */
  field?: string
}

/**
 * The conversation of this id.
 * @throws HiloError NOT_FOUND if it is not in the organization.
 */
export async function accessConversation(
  tx: Transaction, organizationId: string, { id, field = 'id' }: NamedConversation,
): Promise<ConversationRow> {
  const own = await readConversation(tx, organizationId, id)
  if (own) return own
  const key = await tx.selectFrom('conversation_keys').select('conversation_id')
    .where('organization_id', '=', organizationId).where('kind', '=', 'conversation_id').where('value', '=', id)
    .executeTakeFirst()
  const named = key && await readConversation(tx, organizationId, key.conversation_id)
  if (named) return named
  throw new HiloError('NOT_FOUND', `No conversation "${id}" in this organization.`, {
    field, hint: 'GET /api/conversations lists them.',
  })
}

function readConversation(tx: Transaction, organizationId: string, id: string): Promise<ConversationRow | undefined> {
  return tx.selectFrom('conversations').selectAll()
    .where('organization_id', '=', organizationId).where('id', '=', id).executeTakeFirst()
}
