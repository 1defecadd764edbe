import type { Contact, Conversation, EventConversation, Message } from '@hilo/contract'
import { type RawBuilder, sql } from 'kysely'
import type { ContactRow } from '../contacts/access-contact.ts'
import type { IdentityRow } from '../contacts/contact-identities.ts'
import { presentContact } from '../contacts/present-contact.ts'
import type { ConversationRow } from '../conversations/access-conversation.ts'
import { isAiOn } from '../conversations/ai-state.ts'
import { presentConversation } from '../conversations/present-conversation.ts'
import { readConversations } from '../conversations/read-conversations.ts'
import { keyOf } from '../database/key-of.ts'
import type { Schema, Transaction } from '../database/schema.ts'
import { wantedRows } from '../database/wanted-rows.ts'
import { type MessageRow, presentMessage } from '../messages/present-message.ts'
import type { EventRow } from './read-events.ts'

/** What events are about, as it is now, by organization and id (`keyOf`). */
export interface Subjects {
  messages: Map<string, Message>
  /** In short, for what happened in them. */
  inConversations: Map<string, EventConversation>
  conversations: Map<string, Conversation>
  contacts: Map<string, Contact>
}

interface Id {
  organization_id: string
  id: string
}

/** Reads what events are about, of any organizations, with a few statements whatever their number. */
export async function loadSubjects(tx: Transaction, rows: readonly EventRow[]): Promise<Subjects> {
  const ids = (subject: string, column: 'message_id' | 'conversation_id' | 'contact_id') => rows.flatMap((row): Id[] => (
    row.type.startsWith(`${subject}.`) && row[column] !== null
      ? [{ organization_id: row.organization_id, id: row[column] }] : []
  ))
  return {
    messages: await loadMessages(tx, ids('message', 'message_id')),
    inConversations: await loadInShort(tx, [...ids('message', 'conversation_id'), ...ids('turn', 'conversation_id')]),
    conversations: await loadConversations(tx, ids('conversation', 'conversation_id')),
    contacts: await loadContacts(tx, ids('contact', 'contact_id')),
  }
}

/** The rows of these ids: each by its key, whatever the planner believes about the table. */
function rowsOf<Row>(table: keyof Schema, ids: readonly Id[]): RawBuilder<Row> {
  return sql<Row>`(
    select t.* from ${wantedRows(['organization_id', 'id'], ids)}
    cross join lateral (
      select * from ${sql.table(table)} t where t.organization_id = w.organization_id and t.id = w.id offset 0
    ) t
  )`
}

function byId<Row extends Id, Shown>(rows: readonly Row[], present: (row: Row) => Shown): Map<string, Shown> {
  return new Map(rows.map((row) => [keyOf(row.organization_id, row.id), present(row)]))
}

async function loadMessages(tx: Transaction, ids: readonly Id[]): Promise<Subjects['messages']> {
  if (ids.length === 0) return new Map()
  const { rows } = await sql<MessageRow>`${rowsOf('messages', ids)}`.execute(tx)
  return byId(rows, presentMessage)
}

type InShortRow = ConversationRow & { first_name: string | null, last_name: string | null }

async function loadInShort(tx: Transaction, ids: readonly Id[]): Promise<Subjects['inConversations']> {
  if (ids.length === 0) return new Map()
  const { rows } = await sql<InShortRow>`
    select c.*, p.first_name, p.last_name from ${rowsOf('conversations', ids)} c
    left join lateral (
      select first_name, last_name from contacts p
      where p.organization_id = c.organization_id and p.id = c.contact_id offset 0
    ) p on true
  `.execute(tx)
  return byId(rows, presentInShort)
}

function presentInShort(row: InShortRow): EventConversation {
  const { contact_id: contactId } = row
  return {
    id: row.id,
    agentId: row.agent_id,
    channel: row.channel as EventConversation['channel'],
    status: row.status,
    isAiEnabled: isAiOn(row),
    visitorId: row.visitor_id,
    contact: contactId === null ? null : { id: contactId, firstName: row.first_name, lastName: row.last_name },
  }
}

async function loadConversations(tx: Transaction, ids: readonly Id[]): Promise<Subjects['conversations']> {
  if (ids.length === 0) return new Map()
  return byId(await readConversations(tx, rowsOf<ConversationRow>('conversations', ids)), presentConversation)
}

type ContactWithIdentities = ContactRow & {
  identities: (Pick<IdentityRow, 'kind' | 'value' | 'raw' | 'origin'> & { created_at: string })[]
}

/** Identities in the order of `loadIdentities`. */
async function loadContacts(tx: Transaction, ids: readonly Id[]): Promise<Subjects['contacts']> {
  if (ids.length === 0) return new Map()
  const { rows } = await sql<ContactWithIdentities>`
    select c.*, i.identities from ${rowsOf('contacts', ids)} c
    cross join lateral (
      select coalesce(json_agg(i order by i.created_at, i.kind, i.value), '[]') as identities from contact_identities i
      where i.organization_id = c.organization_id and i.contact_id = c.id
    ) i
  `.execute(tx)
  return byId(rows, ({ identities, ...contact }) => presentContact(contact, identities.map((one) => (
    { ...one, created_at: new Date(one.created_at) } as IdentityRow
  ))))
}
