import type { AuthorKind } from '@hilo/contract'
import { sql } from 'kysely'
import { isListed } from '../database/is-listed.ts'
import { type Statement, statement } from '../database/statements.ts'
import type { Attachment } from '../database/schema.ts'
import { isPrivateRow } from '../messages/private-note.ts'
import { messageIdsOf, type StartedTurn } from './claimed-turn.ts'

/** A message as a prompt needs it. */
export interface HistoryMessage {
  id: string
  seq: number
  authorKind: AuthorKind
  authorName: string | null
  text: string
  attachments: Attachment[]
}

/**
 * What was said in the conversations of these turns, oldest first by the time at which it was said: the newest
 * messages, whoever recorded them, without drafts and private notes; and, however old, those that are to be answered.
 * @returns by the turn's id.
 */
export function readHistories(turns: readonly StartedTurn[]): Statement<Map<string, HistoryMessage[]>> {
  const wanted = turns.map((turn) => ({
    turn_id: turn.id, organization_id: turn.organizationId, conversation_id: turn.conversationId,
    most: turn.agent.settings.historyLimit, message_ids: messageIdsOf(turn),
  }))
  return statement(turns.length === 0 ? undefined : sql<HistoryMessage & { turnId: string }>`
    select w.turn_id as "turnId", m.id, m.seq, m.author_kind as "authorKind", m.author_name as "authorName", m.text,
      m.attachments
    from json_to_recordset(${JSON.stringify(wanted)}::json)
      as w(turn_id text, organization_id text, conversation_id text, most integer, message_ids text[])
    cross join lateral (
      (
        select m.* from messages m
        where m.organization_id = w.organization_id and m.conversation_id = w.conversation_id
          and ${isListed('m.occurred_at')} and not m.is_draft and not ${isPrivateRow}
        order by m.occurred_at desc, m.seq desc limit w.most
      ) union (
        select m.* from unnest(w.message_ids) as asked(id)
        cross join lateral (
          select m.* from messages m where m.organization_id = w.organization_id and m.id = asked.id offset 0
        ) m
      )
    ) m
    order by w.turn_id, m.occurred_at, m.seq
  `, (rows) => {
    const byTurn = new Map<string, HistoryMessage[]>(turns.map(({ id }) => [id, []]))
    for (const { turnId, ...message } of rows) byTurn.get(turnId)!.push(message)
    return byTurn
  })
}
