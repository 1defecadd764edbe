import type { Event } from '@hilo/contract'
import type { Database } from '../database/schema.ts'
import { inOrganization, inOrganizationsEnding } from '../database/transactions.ts'
import { createGate } from './create-gate.ts'
import { createFeed, type Feed, type Follower } from './event-feed.ts'
import type { EventBell } from './event-bell.ts'
import { presentAllEvents } from './present-events.ts'
import { type EventRow, readNextEvents } from './read-events.ts'
import { readLastSeq } from './read-log.ts'

/** Events of one organization in one reading. */
const readingSize = 200

/** Between two readings: what comes in it is read together, however many organizations it is about. */
const pauseMs = 10

/** After a reading that failed: the database may be away. */
const retryMs = 500

/** The newest events of those organizations that somebody follows, each read once for all who do. */
export interface EventFeeds {
  /** Follows a log from its newest event on. `onNews` is told of more, and must not throw. */
  follow(organizationId: string, onNews: () => void): Promise<Follower>
  close(): void
}

/** Follows the bell: one transaction of a few statements for each ring, whatever the number of those who listen. */
export function createEventFeeds(db: Database, bell: EventBell): EventFeeds {
  const open = new Map<string, Feed>()
  const opening = new Map<string, Promise<Feed>>()

  const gate = createGate(async (organizationIds: string[]) => {
    const wanted = organizationIds.flatMap((id) => open.get(id) ?? [])
    return wanted.length === 0 ? [] : readOn(db, wanted)
  }, { pauseMs, retryMs })

  const start = async (organizationId: string): Promise<Feed> => {
    const lastSeq = await inOrganization(db, organizationId, (tx) => readLastSeq(tx, organizationId))
    const feed = createFeed(organizationId, lastSeq, () => void open.delete(organizationId))
    open.set(organizationId, feed)
    gate.pass([organizationId]) // what rang while we asked
    return feed
  }

  const find = (organizationId: string): Feed | Promise<Feed> => {
    const found = open.get(organizationId) ?? opening.get(organizationId)
    if (found) return found
    const starting = start(organizationId).finally(() => opening.delete(organizationId))
    opening.set(organizationId, starting)
    return starting
  }

  const stopListening = bell.listen((ids) => gate.pass(ids.filter((id) => open.has(id))))
  return {
    async follow(organizationId, onNews) {
      for (;;) {
        const feed = await find(organizationId)
        if (open.get(organizationId) === feed) return feed.follow(onNews) // else its last follower has just gone
      }
    },
    close() {
      stopListening()
      gate.close()
    },
  }
}

/** @returns the organizations of which there is more to read. */
async function readOn(db: Database, feeds: readonly Feed[]): Promise<string[]> {
  const places = feeds.map((feed) => ({ organizationId: feed.organizationId, after: feed.lastSeq }))
  const pairs = await inOrganizationsEnding(db, places.map((place) => place.organizationId), async (tx) => {
    const rows = await readNextEvents(tx, places, readingSize)
    return { answered: presentAllEvents(tx, rows).then((events) => pair(rows, events)) }
  })
  const byOrganization = Map.groupBy(pairs, ([row]) => row.organization_id)
  for (const feed of feeds) feed.add(byOrganization.get(feed.organizationId) ?? [])
  return [...byOrganization].filter(([, pairs]) => pairs.length === readingSize).map(([id]) => id)
}

function pair(rows: readonly EventRow[], events: readonly Event[]): [EventRow, Event][] {
  return rows.map((row, index) => [row, events[index]!])
}
