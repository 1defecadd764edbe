import type { Turn, TurnPage } from '@hilo/contract'
import { type Selectable, sql } from 'kysely'
import type { TurnsTable } from '../database/answer-tables.ts'
import type { Transaction } from '../database/schema.ts'
import { cursorTime, cutPage, readCursor } from '../http/cursor.ts'
import { accessConversation } from './access-conversation.ts'
import type { Shown } from './show-conversation.ts'

/**
 * A page of a conversation's turns, newest first.
 * @throws HiloError NOT_FOUND, or INVALID_REQUEST for a broken cursor.
 */
export async function listTurns(
  tx: Transaction, { organizationId, id, limit = 50, cursor }: Shown,
): Promise<TurnPage> {
  const conversation = await accessConversation(tx, organizationId, { id })
  const after = readCursor(cursor, ['time', 'text'])
  const found = await tx.selectFrom('turns').selectAll().select(cursorTime('started_at').as('position'))
    .where('organization_id', '=', organizationId).where('conversation_id', '=', conversation.id)
    .$if(after !== undefined, (turns) => (
      turns.where(sql<boolean>`(started_at, id) < (${after![0]}::timestamptz, ${after![1]})`)
    ))
    .orderBy('started_at', 'desc').orderBy('id', 'desc').limit(limit + 1).execute()
  const { page, nextCursor } = cutPage(found, limit, (turn) => [turn.position, turn.id])
  return { items: page.map(presentTurn), nextCursor }
}

/** A turn as the API answers it. */
export function presentTurn(row: Selectable<TurnsTable>): Turn {
  const { prompt_tokens: promptTokens, completion_tokens: completionTokens, finished_at: finishedAt } = row
  return {
    id: row.id,
    agentId: row.agent_id,
    messageIds: row.message_ids,
    seenSeq: row.seen_seq,
    seenMessageIds: row.seen_message_ids,
    attempt: row.attempt,
    model: row.model,
    outcome: row.outcome,
    error: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? '' },
    usage: { promptTokens, completionTokens, totalTokens: promptTokens + completionTokens, cost: Number(row.cost) },
    toolCalls: row.tool_calls,
    answerIds: row.answer_ids,
    startedAt: row.started_at.toISOString(),
    finishedAt: finishedAt?.toISOString() ?? null,
    durationMs: finishedAt && finishedAt.getTime() - row.started_at.getTime(),
  }
}
