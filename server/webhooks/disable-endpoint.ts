import type { Database } from '../database/schema.ts'
import { inOrganization } from '../database/transactions.ts'
import { recordEvents } from '../events/record-events.ts'
import { recordAudit } from '../organizations/audit.ts'

interface Disabling {
  organizationId: string
  id: string
  /** For people. */
  reason: string
}

/** Sends nothing more to an endpoint, and says so in the log of events. Done once, however often it is asked for. */
export function disableEndpoint(db: Database, { organizationId, id, reason }: Disabling): Promise<void> {
  return inOrganization(db, organizationId, async (tx) => {
    const disabled = await tx.updateTable('webhook_endpoints').set({ is_enabled: false, disabled_reason: reason })
      .where('organization_id', '=', organizationId).where('id', '=', id).where('is_enabled', '=', true)
      .returning('url').executeTakeFirst()
    if (!disabled) return
    await recordAudit(tx, {
      organizationId, actor: 'webhooks', action: 'webhook_endpoint.disabled', subject: id, details: { reason },
    })
    await recordEvents(tx, [{
      organizationId, type: 'webhook.disabled', data: { webhookEndpoint: { id, url: disabled.url }, reason },
    }])
  })
}
