import type { EventStreamQuery } from '@hilo/contract'
import type { FastifyReply } from 'fastify'
import type { Database } from '../database/schema.ts'
import { inOrganization } from '../database/transactions.ts'
import { HiloError } from '../errors.ts'
import { eventStreamHeaders } from '../http/event-stream-headers.ts'
import type { Caller } from '../organizations/scopes.ts'
import type { EventFeeds } from './event-feeds.ts'
import { type Ending, EventStream } from './event-stream.ts'
import { formatEvent } from './format-event.ts'
import { limitAtOnce } from './limit-at-once.ts'
import type { OpenStreams, StreamTimes } from './open-streams.ts'
import { presentEvents } from './present-events.ts'
import type { EventFilter } from './read-events.ts'
import { readFilter } from './read-filter.ts'
import { type PlaceField, readLastSeq, readLog } from './read-log.ts'
import { type Taken, takeHandful } from './take-handful.ts'

/** Events of one reading for a reader that is behind, at most. */
const pageSize = 50

/** Readers that come back all at once must leave connections to the database for those who write. */
const readingsAtOnce = 3

/** Milliseconds after which a client comes back; another number for each, lest all of them come at once. */
const retryMs = () => 500 + Math.round(Math.random() * 1500)

const headers = {
  ...eventStreamHeaders,
  connection: 'close', // when the stream has ended, so that the server can stop
}

export interface Wanted {
  caller: Caller
  /** Absent: only what happens from now on. */
  after: number | undefined
  /** Where the caller said so. */
  field: PlaceField
  query: EventStreamQuery
}

interface OpenerParts extends Pick<StreamTimes, 'mostBlockedMs'> {
  db: Database
  feeds: EventFeeds
  streams: OpenStreams
}

/** Opens streams; what is wrong with a request is answered before one begins. */
export function createStreamOpener(
  { db, feeds, streams, mostBlockedMs }: OpenerParts,
): (reply: FastifyReply, wanted: Wanted) => Promise<void> {
  const limited = limitAtOnce(readingsAtOnce)

  /** Reads on for one reader: as many events as fitted the last time, and more again once all of them did. */
  const createPageReader = (organizationId: string, filter: EventFilter) => {
    let limit = pageSize
    return (after: number): Promise<Taken> => limited(() => inOrganization(db, organizationId, async (tx) => {
      const { rows, nextAfter } = await readLog(tx, { organizationId, after, limit, filter })
      const events = await presentEvents(tx, organizationId, rows)
      const written = events.values().map((event) => ({ seq: event.seq, chunk: formatEvent(event) }))
      const taken = takeHandful(written, nextAfter)
      const fitted = taken.chunks.length
      limit = fitted < rows.length ? fitted : Math.min(2 * limit, pageSize)
      return taken
    }))
  }

  return async (reply, { caller, after, field, query }) => {
    const { organizationId } = caller
    const { filter, place } = await inOrganization(db, organizationId, async (tx) => {
      const filter = await readFilter(tx, organizationId, query)
      // Not the feed's newest event: that may lag behind what was committed before this reader came.
      if (after === undefined) return { filter, place: await readLastSeq(tx, organizationId) }
      await readLog(tx, { organizationId, after, field, limit: 1, filter: {} }) // is it kept?
      return { filter, place: after }
    })
    let stream: EventStream | undefined
    const follower = await feeds.follow(organizationId, () => stream?.onNews())
    if (reply.raw.destroyed) return follower.stop()
    const readPage = createPageReader(organizationId, filter)
    reply.hijack()
    reply.raw.writeHead(200, { ...reply.getHeaders(), ...headers } as Record<string, string>)
    reply.raw.write(`retry: ${retryMs()}\n\n`)
    const opened = stream = new EventStream({
      response: reply.raw,
      follower,
      after: place,
      filter,
      mostBlockedMs,
      readPage: (after) => readPage(after).catch(nameEnding),
      onClose: () => streams.remove(opened),
    })
    streams.add(opened, caller)
    opened.onNews()
  }
}

function nameEnding(error: unknown): Ending {
  return error instanceof HiloError && error.code === 'EVENTS_REMOVED' ? 'EVENTS_REMOVED' : 'UNAVAILABLE'
}
