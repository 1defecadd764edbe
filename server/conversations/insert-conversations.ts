import { sql } from 'kysely'
import { inOrder } from '../database/in-order.ts'
import { insertInto, type Write } from '../database/write-rows.ts'
import type { ConversationSet } from './conversation-set.ts'

const columns = [
  'organization_id', 'id', 'agent_id', 'channel', 'contact_id', 'visitor_id', 'status', 'is_ai_enabled',
  'ai_off_cause', 'ai_off_reason', 'ai_resumes_at', 'last_seq', 'created_at', 'updated_at',
] as const

/**
 * What the batch opened and changed. Rows that exist are locked and were read under the lock, so their new values can
 * simply be set; the conflict is what finds them by their key.
 */
export function insertConversations(set: ConversationSet): Write[] {
  const now = new Date().toISOString()
  const rows = inOrder(['organization_id', 'id'], [...set.changed].map((state) => ({
    organization_id: state.organizationId, id: state.id, agent_id: state.agentId, channel: state.channel,
    contact_id: state.contactId, visitor_id: state.visitorId, status: state.status, last_seq: state.lastSeq,
    is_ai_enabled: state.is_ai_enabled, ai_off_cause: state.ai_off_cause, ai_off_reason: state.ai_off_reason,
    ai_resumes_at: state.ai_resumes_at,
    created_at: now, updated_at: now, isNew: state.isNew,
  })))
  return [
    insertInto('conversations', { columns, rows: rows.filter((row) => row.isNew) }),
    insertInto('conversations', {
      columns, rows: rows.filter((row) => !row.isNew), onConflict: sql`(organization_id, id) do update set
        last_seq = excluded.last_seq, contact_id = excluded.contact_id, updated_at = excluded.updated_at,
        status = excluded.status, is_ai_enabled = excluded.is_ai_enabled, ai_off_cause = excluded.ai_off_cause,
        ai_off_reason = excluded.ai_off_reason, ai_resumes_at = excluded.ai_resumes_at`,
    }),
    insertInto('conversation_keys', {
      columns: ['organization_id', 'kind', 'value', 'conversation_id'],
      rows: inOrder(['organization_id', 'kind', 'value'], set.addedKeys),
    }),
  ]
}
