import { createId } from '../database/create-id.ts'
import type { Transaction } from '../database/schema.ts'
import { createApiKeySecret, hashApiKey, readPrefix } from './api-key-secret.ts'
import { recordAudit } from './audit.ts'
import type { Scope } from './scopes.ts'

export interface NewApiKey {
  organizationId: string
  name: string
  scopes: readonly Scope[]
  expiresAt?: Date
  /** Kept as given; made up when absent. */
  key?: string
  /** Who creates it, for the audit log. */
  actor: string
}

/** @returns the id of the key and the key itself, which is nowhere to be read later: only its hash is stored. */
export async function createApiKey(tx: Transaction, wanted: NewApiKey): Promise<{ id: string, key: string }> {
  const { organizationId, name, scopes, expiresAt, key = createApiKeySecret(), actor } = wanted
  const id = createId()
  await tx.insertInto('api_keys').values({
    organization_id: organizationId,
    id,
    name,
    hash: hashApiKey(key),
    prefix: readPrefix(key),
    scopes: [...scopes],
    expires_at: expiresAt ?? null,
  }).execute()
  const details = { name, scopes, expiresAt: expiresAt?.toISOString() ?? null }
  await recordAudit(tx, { organizationId, actor, action: 'api_key.created', subject: id, details })
  return { id, key }
}
