import { isAiOn } from '../conversations/ai-state.ts'
import type { Database } from '../database/schema.ts'
import { inOrganization } from '../database/transactions.ts'
import type { ConversationAddress } from './claimed-turn.ts'

/** Whether the AI is off in a conversation. */
export function requestsHuman(
  db: Database, { organizationId, conversationId }: ConversationAddress,
): Promise<boolean> {
  return inOrganization(db, organizationId, async (tx) => (
    !isAiOn(await tx.selectFrom('conversations').selectAll()
      .where('organization_id', '=', organizationId).where('id', '=', conversationId).executeTakeFirstOrThrow())
  ))
}
