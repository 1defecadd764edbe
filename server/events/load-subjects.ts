import type { Contact, Conversation, EventConversation, Message } from '@hilo/contract'
import { type RawBuilder, sql } from 'kysely'
import type { ContactRow } from '../contacts/access-contact.ts'
import { loadIdentities } from '../contacts/contact-identities.ts'
import { presentContact } from '../contacts/present-contact.ts'
import type { ConversationRow } from '../conversations/access-conversation.ts'
import { presentConversation } from '../conversations/present-conversation.ts'
import { readConversations } from '../conversations/read-conversations.ts'
import type { Schema, Transaction } from '../database/schema.ts'
import { wantedRows } from '../database/wanted-rows.ts'
import { type MessageRow, presentMessage } from '../messages/present-message.ts'
import type { EventRow } from './read-events.ts'

/** What events are about, as it is now, by id. */
export interface Subjects {
  messages: Map<string, Message>
  /** In short, for what happened in them. */
  inConversations: Map<string, EventConversation>
  conversations: Map<string, Conversation>
  contacts: Map<string, Contact>
}

/** Reads what the events of one organization are about, with a few statements whatever their number. */
export async function loadSubjects(
  tx: Transaction, organizationId: string, rows: readonly EventRow[],
): Promise<Subjects> {
  const ids = (subject: string, column: 'message_id' | 'conversation_id' | 'contact_id') => [...new Set(
    rows.flatMap((row) => (row.type.startsWith(`${subject}.`) ? row[column] ?? [] : [])),
  )]
  const inside = [...ids('message', 'conversation_id'), ...ids('turn', 'conversation_id')]
  return {
    messages: await loadMessages(tx, organizationId, ids('message', 'message_id')),
    inConversations: await loadInShort(tx, organizationId, inside),
    conversations: await loadConversations(tx, organizationId, ids('conversation', 'conversation_id')),
    contacts: await loadContacts(tx, organizationId, ids('contact', 'contact_id')),
  }
}

/** The rows of these ids: each by its key, whatever the planner believes about the table. */
function rowsOf<Row>(table: keyof Schema, organizationId: string, ids: readonly string[]): RawBuilder<Row> {
  return sql<Row>`(
    select t.* from ${wantedRows(['id'], ids.map((id) => ({ id })))}
    cross join lateral (
      select * from ${sql.table(table)} t where t.organization_id = ${organizationId} and t.id = w.id offset 0
    ) t
  )`
}

async function loadMessages(
  tx: Transaction, organizationId: string, ids: readonly string[],
): Promise<Subjects['messages']> {
  if (ids.length === 0) return new Map()
  const { rows } = await sql<MessageRow>`${rowsOf('messages', organizationId, ids)}`.execute(tx)
  return new Map(rows.map((row) => [row.id, presentMessage(row)]))
}

type InShortRow = ConversationRow & { first_name: string | null, last_name: string | null }

async function loadInShort(
  tx: Transaction, organizationId: string, ids: readonly string[],
): Promise<Subjects['inConversations']> {
  if (ids.length === 0) return new Map()
  const { rows } = await sql<InShortRow>`
    select c.*, p.first_name, p.last_name from ${rowsOf('conversations', organizationId, ids)} c
    left join lateral (
      select first_name, last_name from contacts p
      where p.organization_id = c.organization_id and p.id = c.contact_id offset 0
    ) p on true
  `.execute(tx)
  return new Map(rows.map((row) => [row.id, presentInShort(row)]))
}

function presentInShort(row: InShortRow): EventConversation {
  const { contact_id: contactId } = row
  return {
    id: row.id,
    agentId: row.agent_id,
    channel: row.channel as EventConversation['channel'],
    status: row.status,
    isAiEnabled: row.is_ai_enabled,
    visitorId: row.visitor_id,
    contact: contactId === null ? null : { id: contactId, firstName: row.first_name, lastName: row.last_name },
  }
}

async function loadConversations(
  tx: Transaction, organizationId: string, ids: readonly string[],
): Promise<Subjects['conversations']> {
  if (ids.length === 0) return new Map()
  const rows = await readConversations(tx, rowsOf<ConversationRow>('conversations', organizationId, ids))
  return new Map(rows.map((row) => [row.id, presentConversation(row)]))
}

async function loadContacts(
  tx: Transaction, organizationId: string, ids: readonly string[],
): Promise<Subjects['contacts']> {
  if (ids.length === 0) return new Map()
  const { rows } = await sql<ContactRow>`${rowsOf('contacts', organizationId, ids)}`.execute(tx)
  const identities = await loadIdentities(tx, organizationId, ids)
  return new Map(rows.map((row) => [row.id, presentContact(row, identities.get(row.id)!)]))
}
