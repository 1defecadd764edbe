import { sql } from 'kysely'
import type { ConversationSet } from '../conversations/conversation-set.ts'
import { isHistoryRow } from '../conversations/follow-message.ts'
import { keyOf } from '../database/key-of.ts'
import type { Transaction } from '../database/schema.ts'
import { wantedRows } from '../database/wanted-rows.ts'
import { isPrivateRow } from '../messages/private-note.ts'
import type { NewMessage } from '../messages/new-message.ts'
import type { TurnAnswer } from './turn-answer.ts'

/** Turns that run, by organization and id (`keyOf`); locked until the transaction ends. */
export type OpenTurns = Set<string>

/**
 * Loads what the fence asks for those messages that are answers: whether their turns still run, and the newest messages
 * of customer and humans in their conversations, which are locked already.
 */
export async function loadOpenTurns(
  tx: Transaction, incoming: readonly NewMessage[], conversations: ConversationSet,
): Promise<OpenTurns> {
  const rows = await readOpenTurns(tx, incoming.flatMap(({ answers }) => answers ?? []))
  for (const { organizationId, conversationId, contact, human } of rows) {
    const state = conversations.byId.get(keyOf(organizationId, conversationId))
    if (state) state.newestSeq = { contact, human }
  }
  return keysOf(rows)
}

/** Stands for a draft that was published: its own number is that of the place that it has had all along. */
const newest = 2_147_483_647

/** Those of these turns that run, with the newest messages of customer and humans since their prompts were read. */
export async function readOpenTurns(
  tx: Transaction, answers: readonly Pick<TurnAnswer, 'work' | 'seenSeq'>[],
): Promise<OpenTurnRow[]> {
  if (answers.length === 0) return []
  const wanted = answers.map(({ work, seenSeq }) => (
    { organization_id: work.organizationId, id: work.id, seen_seq: String(seenSeq) }
  ))
  const { rows } = await sql<OpenTurnRow>`
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
  `.execute(tx)
  return rows
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
