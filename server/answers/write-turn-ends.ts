import { sql } from 'kysely'
import { insertInto, type Write } from '../database/write-rows.ts'
import type { NewEvent } from '../events/record-events.ts'
import type { TurnEnd, TurnWork } from './turn-answer.ts'

/**
 * How turns ended: their rows, the questions that they settle, what they cost, and what waits for a person. Their
 * conversations are locked.
 */
export function writeTurnEnds(ends: readonly TurnEnd[], finishedAt: Date): Write[] {
  return [...finishTurns(ends, finishedAt), insertApprovals(ends), addSpend(ends.map(({ work }) => work), finishedAt)]
}

function finishTurns(ends: readonly TurnEnd[], finishedAt: Date): Write[] {
  if (ends.length === 0) return []
  const rows = ends.map(({ work, outcome, error, answerIds, result }) => ({
    organization_id: work.organizationId,
    id: work.id,
    seen_message_ids: work.seenMessageIds,
    model: work.model,
    outcome,
    error_code: error?.code,
    error_message: error?.message,
    prompt_tokens: work.usage.promptTokens,
    completion_tokens: work.usage.completionTokens,
    cost: work.usage.cost,
    tool_calls: work.toolCalls,
    answer_ids: answerIds,
    result,
    finished_at: finishedAt,
  }))
  return [
    sql`
      update turns t set seen_message_ids = e.seen_message_ids, model = e.model, outcome = e.outcome, error_code = e.error_code,
        error_message = e.error_message, prompt_tokens = e.prompt_tokens, completion_tokens = e.completion_tokens,
        cost = e.cost, tool_calls = e.tool_calls, answer_ids = e.answer_ids, result = e.result,
        finished_at = e.finished_at
      from json_populate_recordset(null::turns, ${JSON.stringify(rows)}::json) e
      where t.organization_id = e.organization_id and t.id = e.id and t.id = any(${rows.map((row) => row.id)}::text[])
    `,
    settleQuestions(ends, finishedAt),
  ]
}

/** By lists, not by a join: of that, PostgreSQL thought that reading all questions there ever were was best. */
function settleQuestions(ends: readonly TurnEnd[], finishedAt: Date): Write {
  const messageIds = ends.flatMap(({ work }) => work.messageIds)
  const turnIds = ends.map(({ work }) => work.id)
  const organizationIds = [...new Set(ends.map(({ work }) => work.organizationId))]
  return sql`
    update questions set settled_at = ${finishedAt.toISOString()}::timestamptz
    where message_id = any(${messageIds}::text[]) and turn_id = any(${turnIds}::text[])
      and organization_id = any(${organizationIds}::text[])
  `
}

function insertApprovals(ends: readonly TurnEnd[]): Write {
  return insertInto('approvals', {
    columns: ['organization_id', 'id', 'conversation_id', 'turn_id', 'agent_id', 'tool', 'payload', 'status', 'created_at'],
    rows: ends.flatMap(({ work, approvals }) => approvals.map(({ id, tool, payload }) => ({
      organization_id: work.organizationId, id, conversation_id: work.conversationId, turn_id: work.id,
      agent_id: work.agentId, tool, payload, status: 'pending', created_at: new Date(),
    }))),
  })
}

/** By agent and day, in the order of agents, as the rows are locked until the commit. */
export function addSpend(works: readonly TurnWork[], finishedAt: Date): Write {
  const spent = works.filter(({ usage }) => usage.cost > 0).map(({ organizationId, agentId, usage }) => ({
    organization_id: organizationId, agent_id: agentId, cost: usage.cost,
  }))
  return spent.length === 0 ? undefined : sql`
    insert into agent_spend as s (organization_id, agent_id, day, cost)
    select e.organization_id, e.agent_id, ${toDay(finishedAt)}::date, sum(e.cost)
    from json_populate_recordset(null::agent_spend, ${JSON.stringify(spent)}::json) e
    group by 1, 2 order by 2, 1
    on conflict (agent_id, organization_id, day) do update set cost = s.cost + excluded.cost
  `
}

/** UTC. */
export function toDay(time: Date): string {
  return time.toISOString().slice(0, 10)
}

/**
 * Where the AI was silent because it is off, nobody needs to be told but those who waited for its answer since before.
 * Turns of which messages tell go to nobody's address; an interrupted one leaves its questions open.
 */
export function announceEnds(ends: readonly TurnEnd[], finishedAt: Date): NewEvent[] {
  return ends.filter(({ work, outcome }) => outcome !== 'ai_off' || work.callback).map(({ work, outcome, error, answerIds, result }) => ({
    organizationId: work.organizationId,
    type: error ? 'turn.failed' : 'turn.finished',
    conversationId: work.conversationId,
    apiKeyId: work.apiKeyId,
    callback: answerIds.length > 0 || outcome === 'interrupted' ? undefined : work.callback,
    data: {
      turn: {
        id: work.id, agentId: work.agentId, outcome, messageIds: nameSome(work), messageId: result.messageId,
        startedAt: work.startedAt.toISOString(), finishedAt: finishedAt.toISOString(),
      },
      ...(error ? { error } : {}),
    },
  }))
}

/** What an event of at most 20 KB can name of what a turn answers: the newest, as there may be thousands. */
export function nameSome({ messageIds }: TurnWork): string[] {
  return messageIds.slice(-100)
}
