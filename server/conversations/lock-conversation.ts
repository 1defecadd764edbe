import type { Transaction } from '../database/schema.ts'
import type { ConversationRow } from './access-conversation.ts'

/**
 * A conversation as it is now, and until the end of the transaction: nobody appends to it or changes it meanwhile.
 * Whoever locks several rows locks the conversation first, its messages then, and events last, as `ingest` does.
 */
export function lockConversation(tx: Transaction, organizationId: string, id: string): Promise<ConversationRow> {
  return tx.selectFrom('conversations').selectAll()
    .where('organization_id', '=', organizationId).where('id', '=', id)
    .forNoKeyUpdate().executeTakeFirstOrThrow()
}
