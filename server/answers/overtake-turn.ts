import type { ConversationRow } from '../conversations/access-conversation.ts'
import type { Transaction } from '../database/schema.ts'

/**
 * Tells the turn that runs in a locked conversation, if there is one, of a message that it has not seen although its
 * place is among what it has: the fence does not look there. A human's counts for more than a customer's.
 */
export async function overtakeTurn(
  tx: Transaction, { organization_id, id }: ConversationRow, by: 'contact' | 'human',
): Promise<void> {
  await tx.updateTable('turns').set({ overtaken_by: by })
    .where('organization_id', '=', organization_id).where('conversation_id', '=', id).where('finished_at', 'is', null)
    .$if(by === 'contact', (running) => running.where('overtaken_by', 'is', null)).execute()
}
