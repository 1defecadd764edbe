import type { Database } from '../database/schema.ts'
import { inOrganization } from '../database/transactions.ts'
import { endInterrupted } from './end-running-turn.ts'
import type { Left } from './runners.ts'
import { noUsage } from './usage.ts'

/** Ends a turn whose process is gone: whatever it would have said never reached the conversation. */
export async function endLeftTurn(db: Database, left: Left['turns'][number]): Promise<void> {
  const { organizationId, conversationId, id, agentId } = left
  const turn = await inOrganization(db, organizationId, (tx) => (
    tx.selectFrom('turns').select(['started_at', 'message_ids'])
      .where('organization_id', '=', organizationId).where('id', '=', id).executeTakeFirstOrThrow()
  ))
  await endInterrupted(db, left, {
    id, organizationId, conversationId, agentId, startedAt: turn.started_at,
    messageIds: turn.message_ids, seenMessageIds: [], usage: noUsage, toolCalls: [],
  })
}
