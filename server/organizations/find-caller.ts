import { sql } from 'kysely'
import type { Database } from '../database/schema.ts'
import { inOrganization } from '../database/transactions.ts'
import type { Token } from '../tokens/sign-token.ts'
import { createKeyCache, type FoundKey } from './key-cache.ts'
import type { Caller, Scope } from './scopes.ts'

/** What a request shows to be let in: an API key, or a token that was made with one (its signature is good). */
export type Credential = { keyHash: string } | { token: Token }

export interface CallerFinder {
  /** The caller of a credential asked for a moment ago, without a query; `null`: not good; undefined: ask. */
  remembered(credential: Credential): Caller | null | undefined
  /** Asks the database; those with the same key share one question. `null`: the key is unknown, revoked or expired. */
  find(credential: Credential): Promise<Caller | null>
  /** Forgets everything about a key that has just changed, and with it about its tokens. */
  forget(key: { keyHash: string, organizationId: string, apiKeyId: string }): void
  forgetAll(): void
}

interface KeyRow {
  organization_id: string
  id: string
  scopes: string[]
  expires_at: Date | null
  revoked_at: Date | null
  default_country: string | null
}

async function readByHash(db: Database, keyHash: string): Promise<FoundKey | undefined> {
  const { rows } = await sql<KeyRow>`select * from find_api_key(${keyHash})`.execute(db)
  return describeKey(rows[0])
}

function readById(db: Database, { organizationId, apiKeyId }: Token): Promise<FoundKey | undefined> {
  return inOrganization(db, organizationId, async (tx) => describeKey(
    await tx.selectFrom('api_keys').innerJoin('organizations', 'organizations.id', 'api_keys.organization_id')
      .select(['organization_id', 'api_keys.id', 'scopes', 'expires_at', 'revoked_at', 'default_country'])
      .where('organization_id', '=', organizationId).where('api_keys.id', '=', apiKeyId).executeTakeFirst(),
  ))
}

function describeKey(row: KeyRow | undefined): FoundKey | undefined {
  if (!row || row.revoked_at) return undefined
  return {
    caller: {
      organizationId: row.organization_id,
      apiKeyId: row.id,
      scopes: row.scopes as Scope[],
      defaultCountry: row.default_country ?? undefined,
    },
    expiresAt: row.expires_at?.getTime() ?? Infinity,
  }
}

/** Neither a hash nor the id of a key has a slash. */
function nameOf({ organizationId, apiKeyId }: Pick<Token, 'organizationId' | 'apiKeyId'>): string {
  return `${apiKeyId}/${organizationId}`
}

/** A token can do what it says and its key can still do; whether it has expired is for whoever lets it in to say. */
function restrict(caller: Caller, { scopes, conversationId, expiresAt }: Token): Caller {
  const allowed = scopes.filter((scope) => caller.scopes.includes(scope) || caller.scopes.includes('admin'))
  return { ...caller, scopes: allowed, conversationId, tokenExpiresAt: expiresAt }
}

/**
 * Finds out whose key or token a request carries. What the database said of a key is kept for 5 seconds: a key revoked
 * here dies at once, and with it its tokens; one revoked by another process within 5 seconds. The same goes for the
 * organization's country.
 */
export function createCallerFinder(db: Database, now: () => number = Date.now): CallerFinder {
  const keys = createKeyCache(now)
  return {
    remembered(credential) {
      if ('keyHash' in credential) return keys.remembered(credential.keyHash)
      const caller = keys.remembered(nameOf(credential.token))
      return caller && restrict(caller, credential.token)
    },
    async find(credential) {
      if ('keyHash' in credential) return keys.find(credential.keyHash, () => readByHash(db, credential.keyHash))
      const { token } = credential
      const caller = await keys.find(nameOf(token), () => readById(db, token))
      return caller && restrict(caller, token)
    },
    forget(key) {
      keys.forget(key.keyHash)
      keys.forget(nameOf(key))
    },
    forgetAll: () => keys.forgetAll(),
  }
}
