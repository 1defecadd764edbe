import { sql } from 'kysely'
import { keyOf } from '../database/key-of.ts'
import type { Database } from '../database/schema.ts'
import { asOwner } from '../database/transactions.ts'
import { wantedRows } from '../database/wanted-rows.ts'
import type { Caller } from '../organizations/scopes.ts'

/** Who was let in some time ago, and is still there. */
export type EarlierCaller = Pick<Caller, 'organizationId' | 'apiKeyId' | 'tokenExpiresAt'>

/** Those who would be let in again: neither key nor token has expired, and the key was not revoked. */
export async function findGoodCallers<One extends EarlierCaller>(
  db: Database, callers: readonly One[],
): Promise<Set<One>> {
  const wanted = callers.map(({ organizationId, apiKeyId }) => ({ organization_id: organizationId, id: apiKeyId }))
  const { rows } = await asOwner(db, (tx) => sql<{ organization_id: string, id: string }>`
    select k.organization_id, k.id from ${wantedRows(['organization_id', 'id'], wanted)}
    cross join lateral (
      select * from api_keys k where k.id = w.id and k.organization_id = w.organization_id
        and k.revoked_at is null and (k.expires_at is null or k.expires_at > now()) offset 0
    ) k
  `.execute(tx))
  const good = new Set(rows.map((row) => keyOf(row.organization_id, row.id)))
  return new Set(callers.filter(({ organizationId, apiKeyId, tokenExpiresAt = Infinity }) => (
    good.has(keyOf(organizationId, apiKeyId)) && tokenExpiresAt > Date.now()
  )))
}
