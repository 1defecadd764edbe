import { sql } from 'kysely'
import { keyOf } from '../database/key-of.ts'
import type { Database } from '../database/schema.ts'
import { asOwner } from '../database/transactions.ts'
import { wantedRows } from '../database/wanted-rows.ts'
import type { EventStream } from './event-stream.ts'

/** Times that tests shorten; milliseconds. */
export interface StreamTimes {
  /** How soon a stream ends whose key was revoked or has expired. */
  checkMs: number
  /** How long a reader may take nothing at all, though there is something for it. */
  mostBlockedMs: number
}

export const usualStreamTimes: StreamTimes = { checkMs: 5000, mostBlockedMs: 60_000 }

/** Keep-alives come with every third check: proxies close what is silent, some after 30 seconds. */
const checksPerKeepAlive = 3

/** Whose stream it is. */
export interface StreamOwner {
  organizationId: string
  apiKeyId: string
  /** Set for a token: when it stops working, Unix time in milliseconds. */
  tokenExpiresAt?: number
}

/** All streams of this process. */
export interface OpenStreams {
  add(stream: EventStream, owner: StreamOwner): void
  remove(stream: EventStream): void
  /** One round: keep-alives, and an end to those whose key is not good any more. */
  check(): Promise<void>
  /** Tells every reader that the server stops. */
  close(): void
}

/** Looks after the streams that are open: whoever is let in once does not stay for ever. */
export function createOpenStreams(db: Database, { checkMs }: Pick<StreamTimes, 'checkMs'>): OpenStreams {
  const streams = new Map<EventStream, StreamOwner>()
  let checks = 0

  const check = async () => {
    checks += 1
    if (streams.size === 0) return
    if (checks % checksPerKeepAlive === 0) for (const stream of streams.keys()) stream.keepAlive()
    const good = await findGoodKeys(db, [...streams.values()])
    for (const [stream, { organizationId, apiKeyId, tokenExpiresAt = Infinity }] of streams) {
      if (!good.has(keyOf(organizationId, apiKeyId)) || tokenExpiresAt <= Date.now()) stream.end('UNAUTHORIZED')
    }
  }
  const timer = setInterval(() => void check().catch(() => {}), checkMs) // a database that is away says nothing of keys
  timer.unref()
  return {
    add: (stream, owner) => void streams.set(stream, owner),
    remove: (stream) => void streams.delete(stream),
    check,
    close() {
      clearInterval(timer)
      for (const stream of streams.keys()) stream.end('SERVER_STOPPING')
    },
  }
}

async function findGoodKeys(db: Database, owners: readonly StreamOwner[]): Promise<Set<string>> {
  const wanted = owners.map(({ organizationId, apiKeyId }) => ({ organization_id: organizationId, id: apiKeyId }))
  const { rows } = await asOwner(db, (tx) => sql<{ organization_id: string, id: string }>`
    select k.organization_id, k.id from ${wantedRows(['organization_id', 'id'], wanted)}
    cross join lateral (
      select * from api_keys k where k.id = w.id and k.organization_id = w.organization_id
        and k.revoked_at is null and (k.expires_at is null or k.expires_at > now()) offset 0
    ) k
  `.execute(tx))
  return new Set(rows.map((row) => keyOf(row.organization_id, row.id)))
}
