import type { Message } from '@hilo/contract'
import type { Selectable } from 'kysely'
import type { MessagesTable } from '../database/schema.ts'

export type MessageRow = Selectable<MessagesTable>

/** A message as the API answers it. */
export function presentMessage(row: MessageRow): Message {
  return {
    id: row.id,
    conversationId: row.conversation_id,
    seq: row.seq,
    from: directionOf(row.author_kind),
    author: { kind: row.author_kind, name: row.author_name, id: row.author_id },
    text: row.text,
    attachments: row.attachments,
    channel: row.channel as Message['channel'],
    source: row.source,
    externalId: row.external_id,
    isDraft: row.is_draft,
    status: row.status,
    occurredAt: row.occurred_at.toISOString(),
    receivedAt: row.received_at.toISOString(),
    recordedAt: row.recorded_at.toISOString(),
    metadata: row.metadata,
  }
}

/** Which side an author is on. */
export function directionOf(authorKind: string): 'contact' | 'agent' {
  return authorKind === 'contact' ? 'contact' : 'agent'
}
