import { sql } from 'kysely'
import type { ConversationSet } from '../conversations/conversation-set.ts'
import { isHistoryRow } from '../conversations/follow-message.ts'
import { keyOf } from '../database/key-of.ts'
import { type Statement, statement } from '../database/statements.ts'
import { wantedRows } from '../database/wanted-rows.ts'
import { isPrivateRow } from '../messages/private-note.ts'
import type { TurnAnswer } from './turn-answer.ts'

/** Turns that run, by organization and id (`keyOf`); locked until the transaction ends. */
export type OpenTurns = Set<string>

/** Notes what the fence asks: which turns run, and the newest messages of customer and humans. */
export function noteOpenTurns(rows: readonly OpenTurnRow[], conversations: ConversationSet): OpenTurns {
  for (const { organizationId, conversationId, contact, human } of rows) {
    const state = conversations.byId.get(keyOf(organizationId, conversationId))
    if (state) state.newestSeq = { contact, human }
  }
  return keysOf(rows)
}

/** Stands for a draft that was published: its own number is that of the place that it has had all along. */
const newest = 2_147_483_647

/**
 * Those of these turns that run, with the newest messages of customer and humans since their prompts were read. Their
 * conversations must be locked before.
 */
export function readOpenTurns(answers: readonly Pick<TurnAnswer, 'work' | 'seenSeq'>[]): Statement<OpenTurnRow[]> {
  const wanted = answers.map(({ work, seenSeq }) => (
    { organization_id: work.organizationId, id: work.id, seen_seq: String(seenSeq) }
  ))
  return statement(wanted.length === 0 ? undefined : sql<OpenTurnRow>`
    select t.organization_id as "organizationId", t.id, t.conversation_id as "conversationId",
      case t.overtaken_by when 'contact' then ${sql.lit(newest)} else m.contact end as contact,
      case t.overtaken_by when 'human' then ${sql.lit(newest)} else m.human end as human
    from ${wantedRows(['organization_id', 'id', 'seen_seq'], wanted)}
    cross join lateral (
      select t.* from turns t
      where t.organization_id = w.organization_id and t.id = w.id and t.finished_at is null for no key update
    ) t
    cross join lateral (
      select coalesce(max(m.seq) filter (where m.author_kind = 'contact'), 0) as contact,
        coalesce(max(m.seq) filter (where m.author_kind = 'human'), 0) as human
      from messages m
      where m.organization_id = t.organization_id and m.conversation_id = t.conversation_id
        and m.seq > w.seen_seq::integer and not m.is_draft and not ${isPrivateRow} and not ${isHistoryRow}
    ) m
  `, (rows) => rows)
}

export function keysOf(rows: readonly OpenTurnRow[]): OpenTurns {
  return new Set(rows.map(({ organizationId, id }) => keyOf(organizationId, id)))
}

export interface OpenTurnRow {
  organizationId: string
  id: string
  conversationId: string
  contact: number
  human: number
}
