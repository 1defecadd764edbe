import type { Transaction } from '../database/schema.ts'
import { recordAudit } from '../organizations/audit.ts'
import { accessEndpoint, type EndpointAddress } from './access-endpoint.ts'
import { assertDeletable } from './answers-endpoint.ts'

/**
 * Removes an endpoint. What waits for it is not sent any more; housekeeping removes it.
 * @throws HiloError NOT_FOUND, or INVALID_REQUEST for an endpoint of answers.
 */
export async function deleteEndpoint(
  tx: Transaction, { organizationId, id, actor }: EndpointAddress & { actor: string },
): Promise<void> {
  const endpoint = await accessEndpoint(tx, { organizationId, id }, { lock: true })
  assertDeletable(endpoint)
  const { url } = endpoint
  await tx.deleteFrom('webhook_endpoints')
    .where('organization_id', '=', organizationId).where('id', '=', id).execute()
  await recordAudit(tx, { organizationId, actor, action: 'webhook_endpoint.deleted', subject: id, details: { url } })
}
