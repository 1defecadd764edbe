import { isAiOn } from '../conversations/ai-state.ts'
import type { Transaction } from '../database/schema.ts'
import type { ConversationAddress } from './claimed-turn.ts'

/** Whether the AI is off in a conversation. */
export async function isAiOff(
  tx: Transaction, { organizationId, conversationId }: ConversationAddress,
): Promise<boolean> {
  return !isAiOn(await tx.selectFrom('conversations').selectAll()
    .where('organization_id', '=', organizationId).where('id', '=', conversationId).executeTakeFirstOrThrow())
}
