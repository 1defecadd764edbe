import { createHeart } from '../create-heart.ts'
import type { OpenDatabase } from '../database/open.ts'
import type { Database } from '../database/schema.ts'
import { asOwner } from '../database/transactions.ts'
import { type Growth, onGrowth } from '../database/grown-logs.ts'
import { connectToOthers } from './connect-to-others.ts'

/** A change is noticed within a second also when the notice of another process is lost on the way. */
const defaultPollMs = 800

export type BellListener = (organizationIds: readonly string[]) => void

/** Tells when there is something new in the logs. It says nothing of what: whoever hears it reads on. */
export interface EventBell {
  /** The listener must not throw; at the start all organizations count as news. @returns a function that ends it. */
  listen(listener: BellListener): () => void
  close(): Promise<void>
}

/**
 * Rings after every commit that wrote events: in this process at once; in the others by one notice for a batch, or, if
 * that is lost, as soon as they look at the numbers of all logs again. The embedded database has one process only.
 */
export function createEventBell(
  { db, connect }: Pick<OpenDatabase, 'db' | 'connect'>, { pollMs = defaultPollMs } = {},
): EventBell {
  const listeners = new Set<BellListener>()
  const known = new Map<string, number>()

  /** Of what is told a second time, nobody hears. */
  const tell = (growth: Growth) => {
    const news = [...growth].filter(([organizationId, lastSeq]) => lastSeq > (known.get(organizationId) ?? 0))
    if (news.length === 0) return
    for (const [organizationId, lastSeq] of news) known.set(organizationId, lastSeq)
    const organizationIds = news.map(([organizationId]) => organizationId)
    for (const listener of listeners) listener(organizationIds)
  }
  const others = connect && connectToOthers(connect, tell)
  const look = async () => tell(await readGrowth(db))
  const onError = () => {} // a database that is away is asked again
  const heart = connect && createHeart(look, { beatMs: pollMs, onError })
  void heart?.start()
  const stopHearing = onGrowth(db, (growth) => {
    tell(growth)
    others?.tell(growth)
  })
  return {
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async close() {
      stopHearing()
      await heart?.stop()
      await others?.close()
    },
  }
}

/** One short row for each organization; a transaction of the owner, who sees them all. */
async function readGrowth(db: Database): Promise<Growth> {
  const rows = await asOwner(db, (tx) => (
    tx.selectFrom('event_sequences').select(['organization_id', 'last_seq']).execute()
  ))
  return new Map(rows.map((row) => [row.organization_id, row.last_seq]))
}
