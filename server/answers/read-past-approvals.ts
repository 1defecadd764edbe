import type { ApprovalStatus } from '@hilo/contract'
import { sql } from 'kysely'
import { type Statement, statement } from '../database/statements.ts'
import type { StartedTurn } from './claimed-turn.ts'

/** A call of a tool that a person has to allow, and what has become of it. */
export interface PastApproval {
  tool: string
  payload: Record<string, unknown>
  status: ApprovalStatus
  reason: string | null
  /** What the tool answered. */
  result: string | null
}

/** The newest of a conversation. */
const mostApprovals = 5

/** By the turn's id, in the conversations of those turns whose agents have tools to be allowed. */
export function readPastApprovals(turns: readonly StartedTurn[]): Statement<Map<string, PastApproval[]>> {
  const asking = turns.filter(({ agent }) => agent.settings.tools.some((tool) => tool.requiresApproval))
  const wanted = asking.map((turn) => ({
    turn_id: turn.id, organization_id: turn.organizationId, conversation_id: turn.conversationId,
  }))
  return statement(asking.length === 0 ? undefined : sql<PastApproval & { turnId: string }>`
    select w.turn_id as "turnId", a.tool, a.payload, a.status, a.reason, a.result
    from json_to_recordset(${JSON.stringify(wanted)}::json)
      as w(turn_id text, organization_id text, conversation_id text)
    cross join lateral (
      select a.* from approvals a
      where a.organization_id = w.organization_id and a.conversation_id = w.conversation_id
      order by a.created_at desc, a.id desc limit ${sql.lit(mostApprovals)}
    ) a
    order by w.turn_id, a.created_at, a.id
  `, (rows) => {
    const byTurn = new Map<string, PastApproval[]>()
    for (const { turnId, ...approval } of rows) byTurn.set(turnId, [...byTurn.get(turnId) ?? [], approval])
    return byTurn
  })
}
