import type { Contact, Conversation, EventConversation, Message } from '@hilo/contract'
import { type RawBuilder, sql } from 'kysely'
import type { ContactRow } from '../contacts/access-contact.ts'
import type { IdentityRow } from '../contacts/contact-identities.ts'
import { presentContact } from '../contacts/present-contact.ts'
import type { ConversationRow } from '../conversations/access-conversation.ts'
import { isAiOn } from '../conversations/ai-state.ts'
import { presentConversation } from '../conversations/present-conversation.ts'
import { selectConversations } from '../conversations/read-conversations.ts'
import { keyOf } from '../database/key-of.ts'
import type { Schema, Transaction } from '../database/schema.ts'
import { runTogether, type Statement, statement } from '../database/statements.ts'
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

/** Reads what events are about, of any organizations, with one way to the database whatever their number. */
export async function loadSubjects(tx: Transaction, rows: readonly EventRow[]): Promise<Subjects> {
  const ids = (subject: string, column: 'message_id' | 'conversation_id' | 'contact_id') => rows.flatMap((row): Id[] => (
    row.type.startsWith(`${subject}.`) && row[column] !== null
      ? [{ organization_id: row.organization_id, id: row[column] }] : []
  ))
  const [messages, inConversations, conversations, contacts] = await runTogether(tx, [
    selectMessages(ids('message', 'message_id')),
    selectInShort([...ids('message', 'conversation_id'), ...ids('turn', 'conversation_id')]),
    selectWhole(ids('conversation', 'conversation_id')),
    selectContacts(ids('contact', 'contact_id')),
  ])
  return { messages, inConversations, conversations, contacts }
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

/** Asks nothing where there are no ids. */
function byId<Row extends Id, Shown>(
  ids: readonly Id[], text: RawBuilder<Row>, present: (row: Row) => Shown,
): Statement<Map<string, Shown>> {
  return statement(ids.length === 0 ? undefined : text, (rows) => (
    new Map(rows.map((row) => [keyOf(row.organization_id, row.id), present(row)]))
  ))
}

function selectMessages(ids: readonly Id[]): Statement<Subjects['messages']> {
  return byId(ids, rowsOf<MessageRow>('messages', ids), presentMessage)
}

type InShortRow = ConversationRow & { first_name: string | null, last_name: string | null }

function selectInShort(ids: readonly Id[]): Statement<Subjects['inConversations']> {
  return byId(ids, sql<InShortRow>`
    select c.*, p.first_name, p.last_name from ${rowsOf('conversations', ids)} c
    left join lateral (
      select first_name, last_name from contacts p
      where p.organization_id = c.organization_id and p.id = c.contact_id offset 0
    ) p on true
  `, presentInShort)
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

function selectWhole(ids: readonly Id[]): Statement<Subjects['conversations']> {
  return byId(ids, selectConversations(rowsOf<ConversationRow>('conversations', ids)), presentConversation)
}

type ContactWithIdentities = ContactRow & {
  identities: (Pick<IdentityRow, 'kind' | 'value' | 'raw' | 'origin'> & { created_at: string })[]
}

/** Identities in the order of `loadIdentities`. */
function selectContacts(ids: readonly Id[]): Statement<Subjects['contacts']> {
  return byId(ids, sql<ContactWithIdentities>`
    select c.*, i.identities from ${rowsOf('contacts', ids)} c
    cross join lateral (
      select coalesce(json_agg(i order by i.created_at, i.kind, i.value), '[]') as identities from contact_identities i
      where i.organization_id = c.organization_id and i.contact_id = c.id
    ) i
  `, ({ identities, ...contact }) => presentContact(contact, identities.map((one) => (
    { ...one, created_at: new Date(one.created_at) } as IdentityRow
  ))))
}
