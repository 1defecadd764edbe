import type { Event } from '@hilo/contract'
import { formatEvent } from './format-event.ts'
import type { EventFilter, EventRow } from './read-events.ts'
import { passes } from './read-filter.ts'
import { type Taken, takeHandful } from './take-handful.ts'

/** How much of the past stays at hand for those who are a little late, so that they need not ask the database. */
const mostEvents = 256
const mostBytes = 512 * 1024

/** An event as it goes to all who want it: written once. */
interface Item {
  seq: number
  type: Event['type']
  conversationId: string | null
  chunk: Buffer
}

/** One who follows a feed. */
export interface Follower {
  /** Number of the newest event that the feed has. */
  readonly lastSeq: number
  /** The next events behind `after`; undefined: too long ago, ask the database. */
  take(after: number, filter: EventFilter): Taken | undefined
  stop(): void
}

export interface Feed {
  readonly organizationId: string
  readonly lastSeq: number
  add(events: readonly (readonly [EventRow, Event])[]): void
  follow(onNews: () => void): Follower
}

/** @param onEmpty is called when the last follower has gone. */
export function createFeed(organizationId: string, since: number, onEmpty: () => void): Feed {
  const followers = new Set<() => void>()
  let items: Item[] = []
  let firstAfter = since
  let lastSeq = since
  let bytes = 0

  const forgetOldest = () => {
    let count = 0
    for (; items.length - count > mostEvents || bytes > mostBytes; count += 1) bytes -= items[count]!.chunk.length
    if (count === 0) return
    firstAfter = items[count - 1]!.seq
    items = items.slice(count)
  }

  const take = (after: number, filter: EventFilter): Taken | undefined => {
    if (after < firstAfter) return undefined
    const newer = items.slice(after - firstAfter) // numbers have no gap
    return takeHandful(newer.filter((item) => passes(item, filter)), Math.max(after, lastSeq))
  }

  return {
    organizationId,
    get lastSeq() {
      return lastSeq
    },
    add(events) {
      if (events.length === 0) return
      for (const [row, event] of events) {
        const chunk = formatEvent(event)
        items.push({ seq: row.seq, type: row.type, conversationId: row.conversation_id, chunk })
        bytes += chunk.length
        lastSeq = row.seq
      }
      for (const tell of [...followers]) tell() // before the oldest are forgotten: whoever keeps up gets them from here
      forgetOldest()
    },
    follow(onNews) {
      const tell = () => onNews()
      followers.add(tell)
      return {
        get lastSeq() {
          return lastSeq
        },
        take,
        stop() {
          if (followers.delete(tell) && followers.size === 0) onEmpty()
        },
      }
    },
  }
}
