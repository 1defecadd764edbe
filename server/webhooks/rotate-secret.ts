import type { WebhookEndpointWithSecret } from '@hilo/contract'
import type { Transaction } from '../database/schema.ts'
import type { Encryption } from '../encryption/encrypt.ts'
import { recordAudit } from '../organizations/audit.ts'
import { accessEndpoint, type EndpointAddress, presentEndpoint } from './access-endpoint.ts'
import { createWebhookSecret, secretOwner } from './webhook-secret.ts'

interface Rotation extends EndpointAddress {
  actor: string
  encryption: Encryption
  /** How long the old secret signs too. */
  overlapSeconds: number
}

/**
 * Gives an endpoint a new secret. The one before signs too for a while, so that the receiver can change over in its own
 * time; one that was old already is dropped.
 * @throws HiloError NOT_FOUND.
 */
export async function rotateSecret(
  tx: Transaction, { organizationId, id, actor, encryption, overlapSeconds }: Rotation,
): Promise<WebhookEndpointWithSecret> {
  const before = await accessEndpoint(tx, { organizationId, id }, { lock: true })
  const secret = createWebhookSecret()
  const row = await tx.updateTable('webhook_endpoints').set({
    secret: encryption.encrypt(secret, secretOwner(organizationId, id)),
    old_secret: overlapSeconds > 0 ? before.secret : null,
    old_secret_until: overlapSeconds > 0 ? new Date(Date.now() + overlapSeconds * 1000) : null,
    updated_at: new Date(),
  }).where('organization_id', '=', organizationId).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
  await recordAudit(tx, {
    organizationId, actor, action: 'webhook_endpoint.secret_rotated', subject: id, details: { overlapSeconds },
  })
  return { ...presentEndpoint(row), secret }
}
