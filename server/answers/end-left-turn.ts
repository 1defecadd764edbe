import type { Selectable } from 'kysely'
import type { TurnsTable } from '../database/answer-tables.ts'
import type { Database } from '../database/schema.ts'
import { inOrganization } from '../database/transactions.ts'
import { endInterrupted } from './end-running-turn.ts'
import type { Left } from './runners.ts'
import type { TurnWork } from './turn-answer.ts'
import { noUsage } from '../models/usage.ts'

/** Ends a turn whose process is gone: whatever it would have said never reached the conversation. */
export async function endLeftTurn(db: Database, left: Left['turns'][number]): Promise<void> {
  const turn = await inOrganization(db, left.organizationId, (tx) => (
    tx.selectFrom('turns').selectAll()
      .where('organization_id', '=', left.organizationId).where('id', '=', left.id).executeTakeFirstOrThrow()
  ))
  await endInterrupted(db, toLeftWork(turn))
}

/** What is known of the work of a turn that runs elsewhere. */
function toLeftWork(turn: Selectable<TurnsTable>): TurnWork {
  return {
    id: turn.id, organizationId: turn.organization_id, conversationId: turn.conversation_id, agentId: turn.agent_id,
    startedAt: turn.started_at, messageIds: turn.message_ids, seenMessageIds: [], usage: noUsage, toolCalls: [],
  }
}
