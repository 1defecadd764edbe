import type { WebhookEndpoint, WebhookEndpointChange } from '@hilo/contract'
import { sql } from 'kysely'
import type { Transaction } from '../database/schema.ts'
import { recordAudit } from '../organizations/audit.ts'
import { accessEndpoint, type EndpointAddress, type EndpointRow, presentEndpoint } from './access-endpoint.ts'
import { assertChangeable } from './answers-endpoint.ts'
import { checkReferences } from './check-references.ts'
import { laneOf } from './wanted-events.ts'

interface EndpointChange extends EndpointAddress {
  actor: string
  change: WebhookEndpointChange
}

/**
 * Changes what the caller names and leaves the rest alone. Enabling it sends what was missed, and at once what
 * waits; so does another address, of which nothing is known yet.
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
  if (after.is_ordered !== before.is_ordered) await moveToLanes(tx, after)
  if (beginsAnew(before, after)) await resume(tx, { organizationId, id })
  await recordAudit(tx, {
    organizationId, actor, action: 'webhook_endpoint.updated', subject: id, details: { changed },
  })
  return presentEndpoint(after)
}

const orNull = (value: string | null | undefined, before: string | null): string | null => (
  value === undefined ? before : value || null
)

type Target = Pick<EndpointRow, 'url' | 'is_enabled'>

const isEnabledAgain = (before: Target, after: Target): boolean => after.is_enabled && !before.is_enabled

/** What was learned of the receiver says nothing any more. */
const beginsAnew = (before: Target, after: Target): boolean => (
  isEnabledAgain(before, after) || after.url !== before.url
)

function merge(before: EndpointRow, change: WebhookEndpointChange) {
  const target = { url: change.url ?? before.url, is_enabled: change.isEnabled ?? before.is_enabled }
  const isNew = beginsAnew(before, target)
  return {
    ...target,
    description: orNull(change.description, before.description),
    event_types: change.eventTypes === undefined ? before.event_types : change.eventTypes,
    agent_id: orNull(change.agentId, before.agent_id),
    channel: orNull(change.channel, before.channel),
    is_ordered: change.ordered ?? before.is_ordered,
    ignore_own: change.ignoreOwn ?? before.ignore_own,
    own_api_key_id: change.ownApiKeyId || before.own_api_key_id,
    disabled_reason: isEnabledAgain(before, target) ? null : before.disabled_reason,
    failing_since: isNew ? null : before.failing_since,
    paused_until: isNew ? null : before.paused_until,
  }
}

/** The jobs of what waits found the endpoint disabled and are gone, or wait for their time. */
async function resume(tx: Transaction, { organizationId, id }: EndpointAddress): Promise<void> {
  await tx.updateTable('webhook_deliveries').set({ is_queued: false, next_attempt_at: new Date() })
    .where('organization_id', '=', organizationId).where('endpoint_id', '=', id).where('is_pending', '=', true).execute()
}

/** Puts what waits, or was given up, where it belongs from now on; an event that the log has lost stays where it is. */
async function moveToLanes(tx: Transaction, endpoint: EndpointRow): Promise<void> {
  await sql`
    update webhook_deliveries d set lane = ${laneOf(endpoint, sql`d.url`)}, is_queued = false
    from events e
    where d.endpoint_id = ${endpoint.id} and d.organization_id = ${endpoint.organization_id}
      and e.organization_id = d.organization_id and e.seq = d.seq
  `.execute(tx)
}
