import type { ConversationPage, ConversationQuery } from '@hilo/contract'
import { sql } from 'kysely'
import { isListed } from '../database/is-listed.ts'
import type { Transaction } from '../database/schema.ts'
import { cutPage, readCursor } from '../http/cursor.ts'
import { readTime } from '../http/read-time.ts'
import { presentConversation } from './present-conversation.ts'
import { readConversations } from './read-conversations.ts'

/**
 * A page of the organization's conversations, newest change first. A conversation that changes while somebody reads on
 * moves to the beginning; the others are met once each.
 * @throws HiloError INVALID_REQUEST for a broken cursor or time.
 */
export async function listConversations(
  tx: Transaction, organizationId: string, query: ConversationQuery,
): Promise<ConversationPage> {
  const { limit = 50 } = query
  const found = await readConversations(tx, pick(tx, organizationId, query).limit(limit + 1))
  const { page, nextCursor } = cutPage(found, limit, ({ position, id }) => [position, id])
  return { items: page.map(presentConversation), nextCursor }
}

/** The rows that the filters let through; an empty filter counts as none. */
function pick(tx: Transaction, organizationId: string, query: ConversationQuery) {
  const after = readCursor(query.cursor, ['time', 'text'])
  const { agentId, channel, status, contactId } = query
  const since = query.updatedSince ? readSince(query.updatedSince) : undefined
  return tx.selectFrom('conversations').selectAll().where('organization_id', '=', organizationId)
    .where(isListed('updated_at'))
    .$if(Boolean(agentId), (rows) => rows.where('agent_id', '=', agentId!))
    .$if(Boolean(channel), (rows) => rows.where('channel', '=', channel!))
    .$if(Boolean(status), (rows) => rows.where('status', '=', status!))
    .$if(Boolean(contactId), (rows) => rows.where('contact_id', '=', winnerOf(organizationId, contactId!)))
    .$if(since !== undefined, (rows) => rows.where('updated_at', '>=', since!))
    .$if(after !== undefined, (rows) => (
      rows.where(sql<boolean>`(updated_at, id) < (${after![0]}::timestamptz, ${after![1]})`)
    ))
    .orderBy('updated_at', 'desc').orderBy('id', 'desc')
}

/**
 * The contact itself, or the one that it was merged into in the end: that one has the conversations now. `union`
 * instead of `union all`: even a circle would end.
 */
function winnerOf(organizationId: string, contactId: string) {
  return sql<string>`(
    with recursive chain as (
      select id, merged_into_id from contacts where organization_id = ${organizationId} and id = ${contactId}
      union
      select c.id, c.merged_into_id from chain
      join contacts c on c.organization_id = ${organizationId} and c.id = chain.merged_into_id
    )
    select id from chain where merged_into_id is null
  )`
}

/** In a query string a plus sign that was not encoded arrives as a blank: `…T10:00:00 03:00`. */
function readSince(text: string): Date {
  return readTime('updatedSince', text.replace(/ (?=\d\d:?\d\d$)/, '+'), new Date())
}
