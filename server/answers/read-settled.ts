import type { TurnOutcome } from '@hilo/contract'
import { sql } from 'kysely'
import type { Transaction } from '../database/schema.ts'
import type { ModelUsage } from '../models/model-call.ts'
import type { TurnEnd, TurnError, TurnResult, WantedApproval } from './turn-answer.ts'

/** What became of a question. */
export interface SettledQuestion {
  turnId: string
  outcome: TurnOutcome
  error?: TurnError
  /** The customer's messages that were answered together. */
  messageIds: string[]
  usage: ModelUsage
  approvals: WantedApproval[]
  result: TurnResult
}

export function settleFrom({ work, outcome, error, approvals, result }: TurnEnd): SettledQuestion {
  return { turnId: work.id, outcome, error, messageIds: work.messageIds, usage: work.usage, approvals, result }
}

interface SettledRow extends Omit<SettledQuestion, 'error' | 'usage'> {
  messageId: string
  errorCode: string | null
  errorMessage: string | null
  promptTokens: number
  completionTokens: number
  cost: string
}

/** What became of those questions of these messages that are settled. */
export async function readSettled(
  tx: Transaction, organizationId: string, messageIds: readonly string[],
): Promise<Map<string, SettledQuestion>> {
  const { rows } = await sql<SettledRow>`
    select q.message_id as "messageId", t.id as "turnId", t.outcome, t.error_code as "errorCode",
      t.error_message as "errorMessage", t.message_ids as "messageIds", t.prompt_tokens as "promptTokens",
      t.completion_tokens as "completionTokens", t.cost, t.result, coalesce(a.list, '[]') as approvals
    from unnest(${messageIds}::text[]) as asked(id)
    cross join lateral (
      select * from questions q where q.organization_id = ${organizationId} and q.message_id = asked.id
        and q.settled_at is not null offset 0
    ) q
    cross join lateral (
      select * from turns t where t.organization_id = ${organizationId} and t.id = q.turn_id and t.finished_at is not null
      offset 0
    ) t
    left join lateral (
      select json_agg(
        json_build_object('id', a.id, 'tool', a.tool, 'payload', a.payload) order by a.created_at, a.id
      ) as list
      from approvals a
      where a.organization_id = ${organizationId} and a.conversation_id = q.conversation_id and a.turn_id = t.id
    ) a on true
  `.execute(tx)
  return new Map(rows.map((row) => [row.messageId, present(row)]))
}

function present({ messageId: _, errorCode, errorMessage, promptTokens, completionTokens, cost, ...row }: SettledRow) {
  return {
    ...row,
    ...(errorCode === null ? {} : { error: { code: errorCode, message: errorMessage ?? '' } }),
    usage: { promptTokens, completionTokens, totalTokens: promptTokens + completionTokens, cost: Number(cost) },
  } satisfies SettledQuestion
}
