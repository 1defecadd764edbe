import type { Approval, ApprovalPage, ApprovalsQuery } from '@hilo/contract'
import { type Selectable, sql } from 'kysely'
import { accessConversation } from '../conversations/access-conversation.ts'
import { isListed } from '../database/is-listed.ts'
import type { ApprovalsTable } from '../database/answer-tables.ts'
import type { Transaction } from '../database/schema.ts'
import { cursorTime, cutPage, readCursor } from '../http/cursor.ts'

export type ApprovalRow = Selectable<ApprovalsTable>

/**
 * A page of the organization's approvals, newest first.
 * @throws HiloError NOT_FOUND for a conversation that is not there, INVALID_REQUEST for a broken cursor.
 */
export async function listApprovals(
  tx: Transaction, organizationId: string, { status, conversationId: id, limit = 50, cursor }: ApprovalsQuery,
): Promise<ApprovalPage> {
  const conversation = id ? await accessConversation(tx, organizationId, { id, field: 'conversationId' }) : undefined
  const after = readCursor(cursor, ['time', 'text'])
  const found = await tx.selectFrom('approvals').selectAll().select(cursorTime('created_at').as('position'))
    .where('organization_id', '=', organizationId).where(isListed('created_at'))
    .$if(conversation !== undefined, (rows) => rows.where('conversation_id', '=', conversation!.id))
    .$if(status !== undefined, (rows) => rows.where('status', '=', status!))
    .$if(after !== undefined, (rows) => (
      rows.where(sql<boolean>`(created_at, id) < (${after![0]}::timestamptz, ${after![1]})`)
    ))
    .orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit + 1).execute()
  const { page, nextCursor } = cutPage(found, limit, (approval) => [approval.position, approval.id])
  return { items: page.map(presentApproval), nextCursor }
}

/** An approval as the API answers it. */
export function presentApproval(row: ApprovalRow): Approval {
  return {
    id: row.id,
    conversationId: row.conversation_id,
    turnId: row.turn_id,
    agentId: row.agent_id,
    tool: row.tool,
    payload: row.payload,
    status: row.status,
    reason: row.reason,
    result: row.result,
    decidedBy: row.decided_by,
    createdAt: row.created_at.toISOString(),
    decidedAt: row.decided_at?.toISOString() ?? null,
  }
}
