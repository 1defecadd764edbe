import type { Transaction } from '../database/schema.ts'
import { recordAudit } from '../organizations/audit.ts'
import { accessEndpoint, type EndpointAddress } from './access-endpoint.ts'

/**
 * Removes an endpoint. What waits for it is not sent any more; housekeeping removes it.
 * @throws HiloError NOT_FOUND.
 */
export async function deleteEndpoint(
  tx: Transaction, { organizationId, id, actor }: EndpointAddress & { actor: string },
): Promise<void> {
  const { url } = await accessEndpoint(tx, { organizationId, id }, { lock: true })
  await tx.deleteFrom('webhook_endpoints')
    .where('organization_id', '=', organizationId).where('id', '=', id).execute()
  await recordAudit(tx, { organizationId, actor, action: 'webhook_endpoint.deleted', subject: id, details: { url } })
}
