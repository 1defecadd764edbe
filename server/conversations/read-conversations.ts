import { type Expression, type RawBuilder, sql } from 'kysely'
import { isListed } from '../database/is-listed.ts'
import type { Transaction } from '../database/schema.ts'
import { cursorTime } from '../http/cursor.ts'
import type { ConversationRow } from './access-conversation.ts'

/** A conversation with everything that an answer shows of it. */
export interface ConversationDetails extends ConversationRow {
  /** `updated_at` as a cursor carries it. */
  position: string
  /** Names of the contact; a merge moves conversations along, so it is never one that was merged into another. */
  first_name: string | null
  last_name: string | null
  /** Addresses first, then the newest. */
  keys: { kind: string, value: string }[]
  last_message: { id: string, seq: number, author_kind: string, text: string, occurred_at: string } | null
}

/** A flow that makes up an id for every call attaches thousands to one conversation. */
const maxKeys = 50
const excerptLength = 200

/** Reads the conversations that `picked` selects, as `selectConversations` does. */
export async function readConversations(
  tx: Transaction, picked: Expression<ConversationRow>,
): Promise<ConversationDetails[]> {
  return (await selectConversations(picked).execute(tx)).rows
}

/**
 * SQL for the conversations that `picked` selects (all their columns), newest change first, each with its contact, keys
 * and last message: one statement, whatever their number.
 */
export function selectConversations(picked: Expression<ConversationRow>): RawBuilder<ConversationDetails> {
  return sql<ConversationDetails>`
    select c.*, ${cursorTime('c.updated_at')} as position, p.first_name, p.last_name, keys.list as keys,
      to_json(last) as last_message
    from ${picked} as c
    left join contacts p on p.organization_id = c.organization_id and p.id = c.contact_id
    left join lateral (${keysOf}) keys on true
    left join lateral (${lastMessageOf}) last on true
    order by c.updated_at desc, c.id desc
  `
}

const keysOf = sql`
  select coalesce(json_agg(json_build_object('kind', newest.kind, 'value', newest.value)), '[]') as list
  from (
    select k.kind, k.value from conversation_keys k
    where k.organization_id = c.organization_id and k.conversation_id = c.id
    order by k.kind = 'conversation_id', k.created_at desc, k.value limit ${sql.lit(maxKeys)}
  ) newest
`

const lastMessageOf = sql`
  select m.id, m.seq, m.author_kind, left(m.text, ${sql.lit(excerptLength)}) as text, m.occurred_at
  from messages m
  where m.organization_id = c.organization_id and m.conversation_id = c.id and ${isListed('m.occurred_at')}
    and not m.is_draft
  order by m.occurred_at desc, m.seq desc limit 1
`
