import { sql } from 'kysely'
import type { Database } from '../database/schema.ts'
import { inOrganization } from '../database/transactions.ts'
import type { Caller } from './scopes.ts'

/** How exact `last_used_at` is. */
const everyMs = 60_000
const maxRemembered = 10_000

export interface KeyUses {
  note(caller: Caller): void
  /** Waits for what is being written. */
  close(): Promise<void>
}

async function writeUse(db: Database, { organizationId, apiKeyId }: Caller): Promise<void> {
  await inOrganization(db, organizationId, (tx) => tx.updateTable('api_keys')
    .set({ last_used_at: sql<Date>`now()` })
    .where('organization_id', '=', organizationId)
    .where('id', '=', apiKeyId)
    .execute())
}

/** Writes down when each key was last used: once a minute at most, beside the request, and it may fail. */
export function createKeyUses(db: Database, now: () => number = Date.now): KeyUses {
  const written = new Map<string, number>()
  const writing = new Set<Promise<void>>()
  return {
    note(caller) {
      const time = now()
      if (time - (written.get(caller.apiKeyId) ?? -Infinity) < everyMs) return
      if (written.size >= maxRemembered) written.clear()
      written.set(caller.apiKeyId, time)
      // A use that could not be noted costs only the exactness of a list.
      const write = writeUse(db, caller).catch(() => {}).finally(() => writing.delete(write))
      writing.add(write)
    },
    async close() {
      await Promise.all(writing)
    },
  }
}
