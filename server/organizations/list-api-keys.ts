import type { ApiKey, ApiKeysPage, ApiKeysQuery } from '@hilo/contract'
import type { Selectable } from 'kysely'
import type { ApiKeysTable, Transaction } from '../database/schema.ts'
import { listNewest } from '../http/list-newest.ts'
import type { Scope } from './scopes.ts'

export function presentApiKey(row: Selectable<ApiKeysTable>): ApiKey {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    scopes: row.scopes as Scope[],
    expiresAt: row.expires_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
  }
}

/** A page of the organization's keys, newest first; never a key itself or its hash. */
export function listApiKeys(tx: Transaction, organizationId: string, query: ApiKeysQuery = {}): Promise<ApiKeysPage> {
  return listNewest(tx, 'api_keys', { organizationId, query, present: presentApiKey })
}

/** One key as it is listed; it must exist. */
export async function readApiKey(tx: Transaction, organizationId: string, id: string): Promise<ApiKey> {
  const row = await tx.selectFrom('api_keys').selectAll()
    .where('organization_id', '=', organizationId).where('id', '=', id).executeTakeFirstOrThrow()
  return presentApiKey(row)
}
