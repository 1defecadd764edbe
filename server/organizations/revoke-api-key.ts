import type { Transaction } from '../database/schema.ts'
import { HiloError } from '../errors.ts'
import { recordAudit } from './audit.ts'

export interface Revocation {
  organizationId: string
  /** Id of the key. */
  id: string
  /** Who revokes it, for the audit log. */
  actor: string
}

/**
 * Revokes an API key for good. Doing it again changes nothing.
 * @returns the hash of the key, by which a server that runs can forget it at once.
 * @throws HiloError NOT_FOUND.
 */
export async function revokeApiKey(tx: Transaction, { organizationId, id, actor }: Revocation): Promise<string> {
  const key = await tx.selectFrom('api_keys').select(['hash', 'name', 'revoked_at'])
    .where('organization_id', '=', organizationId).where('id', '=', id).forUpdate().executeTakeFirst()
  if (!key) {
    throw new HiloError('NOT_FOUND', `No API key "${id}" in this organization.`, {
      field: 'id', hint: 'Give the id of the key, as GET /api/api-keys lists it, not the key itself.',
    })
  }
  if (!key.revoked_at) {
    await tx.updateTable('api_keys').set({ revoked_at: new Date() })
      .where('organization_id', '=', organizationId).where('id', '=', id).execute()
    await recordAudit(tx, {
      organizationId, actor, action: 'api_key.revoked', subject: id, details: { name: key.name },
    })
  }
  return key.hash
}
