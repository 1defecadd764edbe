import type { NewWebhookEndpointBody, WebhookEndpointWithSecret } from '@hilo/contract'
import { createId } from '../database/create-id.ts'
import type { Transaction } from '../database/schema.ts'
import type { Encryption } from '../encryption/encrypt.ts'
import { readLastSeq } from '../events/read-log.ts'
import { recordAudit } from '../organizations/audit.ts'
import { presentEndpoint } from './access-endpoint.ts'
import { checkReferences } from './check-references.ts'
import { createWebhookSecret, secretOwner } from './webhook-secret.ts'

export interface NewEndpoint {
  organizationId: string
  /** Id of the API key that creates it. */
  actor: string
  encryption: Encryption
  settings: NewWebhookEndpointBody
}

/**
 * Creates an endpoint that hears of everything that happens from now on.
 * @throws HiloError INVALID_REQUEST for a filter that names nothing of the organization.
 */
export async function createEndpoint(
  tx: Transaction, { organizationId, actor, encryption, settings }: NewEndpoint,
): Promise<WebhookEndpointWithSecret> {
  await checkReferences(tx, organizationId, settings)
  const id = createId()
  const secret = createWebhookSecret()
  const row = await tx.insertInto('webhook_endpoints').values({
    organization_id: organizationId,
    id,
    url: settings.url,
    description: settings.description || null,
    event_types: settings.eventTypes ?? null,
    agent_id: settings.agentId || null,
    channel: settings.channel || null,
    is_ordered: settings.ordered ?? true,
    ignore_own: settings.ignoreOwn ?? false,
    own_api_key_id: settings.ownApiKeyId || actor,
    is_enabled: settings.isEnabled ?? true,
    secret: encryption.encrypt(secret, secretOwner(organizationId, id)),
    last_seq: await readLastSeq(tx, organizationId),
  }).returningAll().executeTakeFirstOrThrow()
  await recordAudit(tx, {
    organizationId, actor, action: 'webhook_endpoint.created', subject: id, details: { url: settings.url },
  })
  return { ...presentEndpoint(row), secret }
}
