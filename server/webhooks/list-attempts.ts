import type { WebhookAttempt, WebhookAttemptsPage, WebhookAttemptsQuery } from '@hilo/contract'
import type { Selectable } from 'kysely'
import type { Transaction } from '../database/schema.ts'
import type { WebhookAttemptsTable } from '../database/webhook-tables.ts'
import { cutPage, readCursor } from '../http/cursor.ts'
import { accessEndpoint, type EndpointAddress } from './access-endpoint.ts'

/** As the API shows it. */
export function presentAttempt(row: Selectable<WebhookAttemptsTable>): WebhookAttempt {
  return {
    id: row.id,
    seq: row.seq,
    url: row.url,
    eventType: row.event_type,
    attempt: row.attempt,
    isDelivered: row.is_delivered,
    status: row.status,
    durationMs: row.duration_ms,
    error: row.error,
    answer: row.answer,
    nextAttemptAt: row.next_attempt_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
  }
}

/**
 * A page of an endpoint's attempts, newest first: their ids begin with the time.
 * @throws HiloError NOT_FOUND, or INVALID_REQUEST for a broken cursor.
 */
export async function listAttempts(
  tx: Transaction, { organizationId, id }: EndpointAddress, query: WebhookAttemptsQuery,
): Promise<WebhookAttemptsPage> {
  await accessEndpoint(tx, { organizationId, id })
  const { limit = 50, seq, isDelivered } = query
  const before = readCursor(query.cursor, ['text'])
  const rows = await tx.selectFrom('webhook_attempts').selectAll()
    .where('organization_id', '=', organizationId).where('endpoint_id', '=', id)
    .$if(seq !== undefined, (attempts) => attempts.where('seq', '=', seq!))
    .$if(isDelivered !== undefined, (attempts) => attempts.where('is_delivered', '=', isDelivered!))
    .$if(before !== undefined, (attempts) => attempts.where('id', '<', before![0]))
    .orderBy('id', 'desc').limit(limit + 1).execute()
  const { page, nextCursor } = cutPage(rows, limit, (attempt) => [attempt.id])
  return { items: page.map(presentAttempt), nextCursor }
}
