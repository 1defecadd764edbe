import type { WebhookEndpoint } from '@hilo/contract'
import type { Selectable } from 'kysely'
import type { Transaction } from '../database/schema.ts'
import type { WebhookEndpointsTable } from '../database/webhook-tables.ts'
import { HiloError } from '../errors.ts'

export type EndpointRow = Selectable<WebhookEndpointsTable>

/** An endpoint with the address that something is sent to, its own or that of a delivery. */
export type Recipient = EndpointRow & { url: string }

export interface EndpointAddress {
  organizationId: string
  id: string
}

/**
 * The webhook endpoint with this id, if it is the organization's.
 * @param lock keeps others from changing it until the transaction ends.
 * @throws HiloError NOT_FOUND.
 */
export async function accessEndpoint(
  tx: Transaction, { organizationId, id }: EndpointAddress, { lock = false } = {},
): Promise<EndpointRow> {
  const endpoint = await tx.selectFrom('webhook_endpoints').selectAll()
    .where('organization_id', '=', organizationId).where('id', '=', id)
    .$if(lock, (query) => query.forUpdate())
    .executeTakeFirst()
  if (endpoint) return endpoint
  throw new HiloError('NOT_FOUND', `No webhook endpoint "${id}" in this organization.`, {
    field: 'id', hint: 'GET /api/webhook-endpoints lists them.',
  })
}

const ifAhead = (time: Date | null) => (time !== null && time.getTime() > Date.now() ? time.toISOString() : null)

/** As the API shows it: without its secrets. */
export function presentEndpoint(row: EndpointRow): WebhookEndpoint {
  return {
    id: row.id,
    kind: row.kind,
    url: row.url,
    description: row.description,
    eventTypes: row.event_types,
    agentId: row.agent_id,
    channel: row.channel,
    ordered: row.is_ordered,
    ignoreOwn: row.ignore_own,
    ownApiKeyId: row.own_api_key_id,
    isEnabled: row.is_enabled,
    disabledReason: row.disabled_reason,
    failingSince: row.failing_since?.toISOString() ?? null,
    pausedUntil: ifAhead(row.paused_until),
    lastSeq: row.last_seq,
    oldSecretUntil: ifAhead(row.old_secret_until),
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
}
