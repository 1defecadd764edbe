import type { WebhookAttempt, WebhookTestEvent } from '@hilo/contract'
import { createId } from '../database/create-id.ts'
import type { Database } from '../database/schema.ts'
import { inOrganization } from '../database/transactions.ts'
import { accessEndpoint, type EndpointAddress } from './access-endpoint.ts'
import { presentAttempt } from './list-attempts.ts'
import type { SendEvent } from './send-event.ts'

/**
 * Sends an event of the type `webhook.test` once and writes the attempt down. No transaction is open meanwhile.
 * @throws HiloError NOT_FOUND.
 */
export async function testEndpoint(
  db: Database, { organizationId, id, send }: EndpointAddress & { send: SendEvent },
): Promise<WebhookAttempt> {
  const endpoint = await inOrganization(db, organizationId, (tx) => accessEndpoint(tx, { organizationId, id }))
  const sentAt = new Date()
  const event = {
    type: 'webhook.test', id: `test_${createId()}`, timestamp: sentAt.toISOString(), organizationId, seq: null,
    data: { webhookEndpoint: { id, url: endpoint.url } },
  } satisfies WebhookTestEvent
  const { isDelivered, status, durationMs, error, answer } = await send(endpoint, event)
  return inOrganization(db, organizationId, async (tx) => presentAttempt(
    await tx.insertInto('webhook_attempts').values({
      organization_id: organizationId, id: createId(), endpoint_id: id, seq: null, event_type: event.type, attempt: 1,
      is_delivered: isDelivered, status, duration_ms: durationMs, error, answer,
      next_attempt_at: null, created_at: sentAt,
    }).returningAll().executeTakeFirstOrThrow(),
  ))
}
