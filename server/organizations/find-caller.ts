import { sql } from 'kysely'
import type { Database } from '../database/schema.ts'
import { hashApiKey } from './api-key-secret.ts'
import type { Caller, Scope } from './scopes.ts'

/** How long a key that was found is trusted without asking the database again. */
const foundMs = 5_000
/** How long a key that was not found is refused without asking again. */
const missedMs = 1_000
const maxEntries = 10_000

interface FoundKey {
  caller: Caller
  expiresAt: number
}

interface Entry {
  found: FoundKey | undefined
  freshUntil: number
}

export interface CallerFinder {
  /** The caller of a key asked for a moment ago, without a query; `null`: no such key; undefined: ask. */
  remembered(keyHash: string): Caller | null | undefined
  /** Asks the database; callers with the same key share one question. `null`: unknown, revoked or expired. */
  find(keyHash: string): Promise<Caller | null>
  /** Forgets everything about a key that has just changed. */
  forget(keyHash: string): void
  forgetAll(): void
}

interface KeyRow {
  organization_id: string
  id: string
  scopes: Scope[]
  expires_at: Date | null
  revoked_at: Date | null
  default_country: string | null
}

async function readKey(db: Database, keyHash: string): Promise<FoundKey | undefined> {
  const { rows } = await sql<KeyRow>`select * from find_api_key(${keyHash})`.execute(db)
  const row = rows[0]
  if (!row || row.revoked_at) return undefined
  return {
    caller: {
      organizationId: row.organization_id,
      apiKeyId: row.id,
      scopes: row.scopes,
      defaultCountry: row.default_country ?? undefined,
    },
    expiresAt: row.expires_at?.getTime() ?? Infinity,
  }
}

/**
 * Finds out whose key a request carries. What the database said is kept in this process for 5 seconds (1 second for an
 * unknown key, at most 10,000 keys), so that a busy caller costs no query. So a key revoked here dies at once, and one
 * revoked by another process within 5 seconds; the same goes for the organization's country.
 */
export function createCallerFinder(db: Database, now: () => number = Date.now): CallerFinder {
  const entries = new Map<string, Entry>()
  const pending = new Map<string, Promise<Caller | null>>()

  const read = (entry: Entry) => (entry.found && entry.found.expiresAt > now() ? entry.found.caller : null)

  const remember = (keyHash: string, found: FoundKey | undefined) => {
    if (entries.size >= maxEntries) entries.delete(entries.keys().next().value!)
    const entry = { found, freshUntil: now() + (found ? foundMs : missedMs) }
    entries.delete(keyHash) // so that the oldest entry stays the first
    entries.set(keyHash, entry)
    return entry
  }

  return {
    remembered(keyHash) {
      const entry = entries.get(keyHash)
      return entry && entry.freshUntil > now() ? read(entry) : undefined
    },
    find(keyHash) {
      const asked = pending.get(keyHash)
      if (asked) return asked
      const question: Promise<Caller | null> = readKey(db, keyHash).then((found) => {
        // Forgotten meanwhile: what was read may be older than the change.
        const isCurrent: boolean = pending.get(keyHash) === question
        return read(isCurrent ? remember(keyHash, found) : { found, freshUntil: 0 })
      }).finally(() => {
        if (pending.get(keyHash) === question) pending.delete(keyHash)
      })
      pending.set(keyHash, question)
      return question
    },
    forget(keyHash) {
      entries.delete(keyHash)
      pending.delete(keyHash)
    },
    forgetAll() {
      entries.clear()
      pending.clear()
    },
  }
}

/** The key of `Authorization: Bearer KEY`; the scheme in any case. */
export function readKeyHash(authorization: string | undefined): string | undefined {
  const key = /^bearer +([\x21-\x7e]{1,512}) *$/i.exec(authorization ?? '')?.[1]
  return key === undefined ? undefined : hashApiKey(key)
}
