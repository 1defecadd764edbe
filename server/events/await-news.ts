import type { Follower } from './event-feed.ts'
import type { EventFeeds } from './event-feeds.ts'
import type { EventFilter } from './read-events.ts'

export interface Awaited {
  organizationId: string
  after: number
  filter: EventFilter
  /** Ends the waiting early. */
  signal: AbortSignal
}

/** Resolves when there is an event behind `after` that passes the filter, or when the signal says so. */
export async function awaitNews(
  feeds: EventFeeds, { organizationId, filter, signal, ...from }: Awaited,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let { after } = from
  let follower: Follower | undefined = undefined // there may be news before it is handed over
  const look = () => {
    const taken = follower?.take(after, filter)
    if (!taken || taken.chunks.length > 0) resolve()
    else after = taken.nextAfter
  }
  follower = await feeds.follow(organizationId, look)
  signal.addEventListener('abort', () => resolve(), { once: true })
  if (signal.aborted) resolve()
  look()
  await promise
  follower.stop()
}
