import type { WebhookEndpointChange } from '@hilo/contract'
import type { Transaction } from '../database/schema.ts'
import { HiloError } from '../errors.ts'

/**
 * A filter that names nothing of the organization would keep every event away in silence.
 * @throws HiloError INVALID_REQUEST naming the field.
 */
export async function checkReferences(
  tx: Transaction, organizationId: string, { agentId, ownApiKeyId }: WebhookEndpointChange,
): Promise<void> {
  if (agentId && !await exists(tx, 'agents', { organizationId, id: agentId })) {
    throw new HiloError('INVALID_REQUEST', `agentId: no agent "${agentId}" in this organization.`, {
      field: 'agentId', hint: 'GET /api/agents lists them.',
    })
  }
  if (ownApiKeyId && !await exists(tx, 'api_keys', { organizationId, id: ownApiKeyId })) {
    throw new HiloError('INVALID_REQUEST', `ownApiKeyId: no API key "${ownApiKeyId}" in this organization.`, {
      field: 'ownApiKeyId', hint: 'Give the id of the key, as GET /api/api-keys lists it, not the key itself.',
    })
  }
}

async function exists(
  tx: Transaction, table: 'agents' | 'api_keys', { organizationId, id }: { organizationId: string, id: string },
): Promise<boolean> {
  const row = await tx.selectFrom(table).select('id')
    .where('organization_id', '=', organizationId).where('id', '=', id).executeTakeFirst()
  return row !== undefined
}
