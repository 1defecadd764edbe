import type { WebhookAttempt, WebhookTestEvent } from '@hilo/contract'
import { createId } from '../database/create-id.ts'
import { readSettings } from '../agents/agent-settings.ts'
import type { Database, Transaction } from '../database/schema.ts'
import { inOrganization } from '../database/transactions.ts'
import { HiloError } from '../errors.ts'
import { accessEndpoint, type EndpointAddress, type EndpointRow, type Recipient } from './access-endpoint.ts'
import { presentAttempt } from './list-attempts.ts'
import type { SendEvent } from './send-event.ts'

/**
 * Sends an event of the type `webhook.test` once and writes the attempt down. No transaction is open meanwhile.
 * @throws HiloError NOT_FOUND, or INVALID_REQUEST for an endpoint of answers whose agent has no address for them.
 */
export async function testEndpoint(
  db: Database, { organizationId, id, send }: EndpointAddress & { send: SendEvent },
): Promise<WebhookAttempt> {
  const recipient = await inOrganization(db, organizationId, async (tx) => (
    findRecipient(tx, await accessEndpoint(tx, { organizationId, id }))
  ))
  const { url } = recipient
  const sentAt = new Date()
  const event = {
    type: 'webhook.test', id: `test_${createId()}`, timestamp: sentAt.toISOString(), organizationId, seq: null,
    data: { webhookEndpoint: { id, url } },
  } satisfies WebhookTestEvent
  const { isDelivered, status, durationMs, error, answer } = await send(recipient, event)
  return inOrganization(db, organizationId, async (tx) => presentAttempt(
    await tx.insertInto('webhook_attempts').values({
      organization_id: organizationId, id: createId(), endpoint_id: id, seq: null, url, event_type: event.type,
      attempt: 1, is_delivered: isDelivered, status, duration_ms: durationMs, error, answer,
      next_attempt_at: null, created_at: sentAt,
    }).returningAll().executeTakeFirstOrThrow(),
  ))
}

/** Answers go to the addresses of calls; a test of theirs to the one that the agent has for all that name none. */
async function findRecipient(tx: Transaction, endpoint: EndpointRow): Promise<Recipient> {
  if (endpoint.url !== null) return { ...endpoint, url: endpoint.url }
  const { settings } = await tx.selectFrom('agents').select('settings')
    .where('organization_id', '=', endpoint.organization_id).where('id', '=', endpoint.agent_id).executeTakeFirstOrThrow()
  const { conversationalMode: { webhookUrl: url } } = readSettings(settings)
  if (url !== undefined) return { ...endpoint, url }
  throw new HiloError('INVALID_REQUEST', `Agent "${endpoint.agent_id}" has no conversationalMode.webhookUrl to send a test to.`, {
    field: 'id', hint: 'Set it with PATCH /api/agents/{id}, or ask the agent with a webhookUrl in the call.',
  })
}
