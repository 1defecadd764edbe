import { sql } from 'kysely'
import type { Attachment, AuthorKind, Transaction } from '../database/schema.ts'
import { isListed } from '../database/is-listed.ts'
import { isPrivateRow } from '../messages/private-note.ts'

/** A message as a prompt needs it. */
export interface HistoryMessage {
  id: string
  seq: number
  authorKind: AuthorKind
  authorName: string | null
  text: string
  attachments: Attachment[]
}

export interface HistoryQuery {
  organizationId: string
  conversationId: string
  /** Most messages. */
  limit: number
  /** Messages that must be among them, however old they are: those that are to be answered. */
  messageIds: readonly string[]
}

/**
 * What was said in a conversation, oldest first by the time at which it was said: the newest messages, whoever recorded
 * them, without drafts and private notes.
 */
export async function readHistory(
  tx: Transaction, { organizationId, conversationId, limit, messageIds }: HistoryQuery,
): Promise<HistoryMessage[]> {
  const { rows } = await sql<HistoryMessage>`
    with newest as (
      select m.* from messages m
      where m.organization_id = ${organizationId} and m.conversation_id = ${conversationId}
        and ${isListed('m.occurred_at')} and not m.is_draft and not ${isPrivateRow}
      order by m.occurred_at desc, m.seq desc limit ${limit}
    ), asked as (
      select m.* from unnest(${messageIds}::text[]) as wanted(id)
      cross join lateral (
        select m.* from messages m where m.organization_id = ${organizationId} and m.id = wanted.id offset 0
      ) m
    )
    select m.id, m.seq, m.author_kind as "authorKind", m.author_name as "authorName", m.text, m.attachments
    from (select * from newest union select * from asked) m
    order by m.occurred_at, m.seq
  `.execute(tx)
  return rows
}
