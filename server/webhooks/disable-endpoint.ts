import type { Database } from '../database/schema.ts'
import { inOrganization } from '../database/transactions.ts'
import { recordEvents } from '../events/record-events.ts'
import { recordAudit } from '../organizations/audit.ts'
import type { Recipient } from './access-endpoint.ts'

export interface GroundsToDisable {
  /** For people. */
  reason: string
  /** It was failing since then, and must be still. */
  failingSince?: Date
}

/**
 * Sends nothing more to an endpoint, and says so in the log of events. Done once, however often it is asked for, and
 * not where the grounds are gone: it accepted something while the attempt was on its way, or has another address.
 * @param tried the endpoint as it was when the attempt began.
 * @returns whether it is disabled now.
 */
export function disableEndpoint(
  db: Database, tried: Recipient, { reason, failingSince }: GroundsToDisable,
): Promise<boolean> {
  const { organization_id: organizationId, id, url } = tried
  return inOrganization(db, organizationId, async (tx) => {
    const endpoint = await tx.selectFrom('webhook_endpoints').select(['url', 'is_enabled', 'failing_since'])
      .where('organization_id', '=', organizationId).where('id', '=', id).forUpdate().executeTakeFirst()
    if (!endpoint?.is_enabled) return true
    if (endpoint.url !== url || hasRecovered(endpoint.failing_since, failingSince)) return false
    await tx.updateTable('webhook_endpoints').set({ is_enabled: false, disabled_reason: reason })
      .where('organization_id', '=', organizationId).where('id', '=', id).execute()
    await recordAudit(tx, {
      organizationId, actor: 'webhooks', action: 'webhook_endpoint.disabled', subject: id, details: { reason },
    })
    await recordEvents(tx, [{
      organizationId, type: 'webhook.disabled', data: { webhookEndpoint: { id, url }, reason },
    }])
    return true
  })
}

/** Of an endpoint that failed since a moment: whether it does no longer. */
function hasRecovered(failingSince: Date | null, failedSince: Date | undefined): boolean {
  return failedSince !== undefined && (failingSince === null || failingSince > failedSince)
}
