import type { Event } from '@hilo/contract'
import { keyOf } from '../database/key-of.ts'
import type { Transaction } from '../database/schema.ts'
import { fitEvent } from './fit-event.ts'
import { loadSubjects, type Subjects } from './load-subjects.ts'
import type { EventRow } from './read-events.ts'

/** Most conversations that a merge names; all of them are at the contact. */
const maxConversations = 100

/**
 * Events as everybody outside sees them, each at most 20 KB. What they are about is shown as it is now, which is what
 * whoever keeps a copy wants; what has changed, and from what, is kept in the log itself.
 */
export async function presentEvents(
  tx: Transaction, organizationId: string, rows: readonly EventRow[],
): Promise<Event[]> {
  return presentAllEvents(tx, rows.filter((row) => row.organization_id === organizationId))
}

/** `presentEvents` for rows of several organizations, in their order. */
export async function presentAllEvents(tx: Transaction, rows: readonly EventRow[]): Promise<Event[]> {
  const subjects = await loadSubjects(tx, rows)
  return rows.map((row) => fitEvent({
    type: row.type,
    id: createEventId(row),
    timestamp: row.created_at.toISOString(),
    organizationId: row.organization_id,
    seq: row.seq,
    data: { ...describeSubject(row, subjects), ...shortenMerge(row.data) },
  } as Event))
}

/** The same for ever, and unlike that of any other organization's event; without dots, which signatures put between. */
function createEventId({ organization_id, seq }: Pick<EventRow, 'organization_id' | 'seq'>): string {
  const organization = organization_id.replace(/[^A-Za-z0-9-]/g, (sign) => `_${sign.charCodeAt(0).toString(16)}`)
  return `evt_${organization}_${seq}`
}

function describeSubject(row: EventRow, subjects: Subjects): object {
  const { message_id: messageId, conversation_id: conversationId, contact_id: contactId } = row
  const find = <Shown>(shown: Map<string, Shown>, id: string | null) => (
    id === null ? null : shown.get(keyOf(row.organization_id, id)) ?? null
  )
  const conversation = find(subjects.inConversations, conversationId)
  switch (row.type) {
    case 'message.deleted':
      return { messageId, conversationId, conversation }
    case 'message.created': case 'message.updated': case 'message.status':
      return { messageId, conversationId, message: find(subjects.messages, messageId), conversation }
    case 'turn.finished': case 'turn.failed':
      return { conversationId, conversation }
    case 'conversation.created': case 'conversation.updated': case 'conversation.status_changed':
    case 'conversation.handed_off': case 'conversation.handed_back':
      return { conversationId, conversation: find(subjects.conversations, conversationId) }
    case 'contact.created': case 'contact.updated': case 'contact.merged': case 'contact.unmerged':
      return { contactId, contact: find(subjects.contacts, contactId) }
    case 'channel.connected': case 'channel.failing': case 'channel.stopped': case 'webhook.disabled':
      return {}
  }
}

function shortenMerge(data: EventRow['data']): object {
  const { conversationIds } = data
  if (!Array.isArray(conversationIds)) return data
  const conversationCount = conversationIds.length
  return { ...data, conversationIds: conversationIds.slice(0, maxConversations), conversationCount }
}
