import type { WebhookEndpoint, WebhookEndpointChange } from '@hilo/contract'
import type { Transaction } from '../database/schema.ts'
import { recordAudit } from '../organizations/audit.ts'
import { accessEndpoint, type EndpointAddress, type EndpointRow, presentEndpoint } from './access-endpoint.ts'
import { assertChangeable } from './answers-endpoint.ts'
import { checkReferences } from './check-references.ts'

interface EndpointChange extends EndpointAddress {
  actor: string
  change: WebhookEndpointChange
}

/**
 * Changes what the caller names and leaves the rest alone. Enabling it sends what was missed, and at once what waits.
 * @throws HiloError NOT_FOUND, or INVALID_REQUEST for a filter that names nothing of the organization, and for what an
 * endpoint of answers does not have.
 */
export async function changeEndpoint(
  tx: Transaction, { organizationId, id, actor, change }: EndpointChange,
): Promise<WebhookEndpoint> {
  const before = await accessEndpoint(tx, { organizationId, id }, { lock: true })
  const changed = Object.keys(change).filter((key) => change[key as keyof WebhookEndpointChange] !== undefined)
  assertChangeable(before, changed)
  await checkReferences(tx, organizationId, change)
  const after = await tx.updateTable('webhook_endpoints').set({ ...merge(before, change), updated_at: new Date() })
    .where('organization_id', '=', organizationId).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
  if (!before.is_enabled && after.is_enabled) await resume(tx, { organizationId, id })
  await recordAudit(tx, {
    organizationId, actor, action: 'webhook_endpoint.updated', subject: id, details: { changed },
  })
  return presentEndpoint(after)
}

const orNull = (value: string | null | undefined, before: string | null): string | null => (
  value === undefined ? before : value || null
)

function merge(before: EndpointRow, change: WebhookEndpointChange) {
  const isEnabled = change.isEnabled ?? before.is_enabled
  const isEnabledAgain = isEnabled && !before.is_enabled
  return {
    url: change.url ?? before.url,
    description: orNull(change.description, before.description),
    event_types: change.eventTypes === undefined ? before.event_types : change.eventTypes,
    agent_id: orNull(change.agentId, before.agent_id),
    channel: orNull(change.channel, before.channel),
    is_ordered: change.ordered ?? before.is_ordered,
    ignore_own: change.ignoreOwn ?? before.ignore_own,
    own_api_key_id: change.ownApiKeyId || before.own_api_key_id,
    is_enabled: isEnabled,
    disabled_reason: isEnabledAgain ? null : before.disabled_reason,
    failing_since: isEnabledAgain ? null : before.failing_since,
    paused_until: isEnabledAgain ? null : before.paused_until,
  }
}

/** The jobs of what waits found the endpoint disabled and are gone. */
async function resume(tx: Transaction, { organizationId, id }: EndpointAddress): Promise<void> {
  await tx.updateTable('webhook_deliveries').set({ is_queued: false, next_attempt_at: new Date() })
    .where('organization_id', '=', organizationId).where('endpoint_id', '=', id).where('is_pending', '=', true).execute()
}
