import type { EventPage, EventQuery } from '@hilo/contract'
import {
  EventPage as EventPageSchema, EventQuery as EventQuerySchema, EventStreamQuery,
} from '@hilo/contract'
import Type from 'typebox'
import { inOrganization } from '../database/transactions.ts'
import { HiloError } from '../errors.ts'
import { errorResponses } from '../http/error-responses.ts'
import type { Routes, Services } from '../http/hilo-app.ts'
import type { Caller } from '../organizations/scopes.ts'
import { awaitNews } from './await-news.ts'
import { createEventFeeds } from './event-feeds.ts'
import { findGoodCallers } from './find-good-callers.ts'
import { createOpenStreams, usualStreamTimes } from './open-streams.ts'
import { presentEvents } from './present-events.ts'
import { readFilter } from './read-filter.ts'
import { readLog } from './read-log.ts'
import { createStreamOpener } from './stream-events.ts'

const tags = ['Events']
const errors = errorResponses('INVALID_REQUEST', 'NOT_FOUND', 'EVENTS_REMOVED')

const listSchema = {
  tags,
  summary: 'Read the log of changes',
  description: 'Everything that happened, in order: `seq` counts up without a gap, so whoever has seen an event has seen '
    + 'all below it. Keep `nextAfter` and send it as `after` the next time, also after days. With `wait`, the answer comes '
    + 'as soon as there is something. What an event is about is shown as it is now.',
  querystring: EventQuerySchema,
  response: { 200: EventPageSchema, ...errors },
}

const streamSchema = {
  tags,
  summary: 'Listen to changes as they happen',
  description: 'Server-Sent Events, for `EventSource` and the like: `event` is the type, `id` the `seq`, `data` the event. '
    + 'A client that comes back with `Last-Event-ID`, as they do by themselves, goes on where it was: nothing is lost or '
    + 'repeated. Before the server ends a stream it sends `event: end`, whose data says why in `code`: `TOO_SLOW`, '
    + '`SERVER_STOPPING`, `UNAUTHORIZED`, `EVENTS_REMOVED` or `UNAVAILABLE`.',
  querystring: EventStreamQuery,
  headers: Type.Object({
    'last-event-id': Type.Optional(Type.String({
      maxLength: 32, description: '`id` of the last event that arrived; it goes before `after`.',
    })),
  }),
  produces: ['text/event-stream'],
  response: { 200: Type.String({ description: 'The stream.' }), ...errors },
}

/** The log of changes: to read, to wait for, to listen to. */
export const eventRoutes = ({ database: { db }, eventBell, streamTimes }: Services): Routes => async (app) => {
  const times = { ...usualStreamTimes, ...streamTimes }
  const feeds = createEventFeeds(db, eventBell)
  const streams = createOpenStreams(db, times)
  const openStream = createStreamOpener({ db, feeds, streams, ...times })
  const stopping = new AbortController()
  app.addHook('preClose', (done) => {
    stopping.abort()
    streams.close()
    feeds.close()
    done()
  })

  const readPage = async ({ organizationId }: Caller, query: EventQuery) => (
    inOrganization(db, organizationId, async (tx) => {
      const { after, limit = 100 } = query
      const filter = await readFilter(tx, organizationId, query)
      const { rows, ...place } = await readLog(tx, { organizationId, after, limit, filter })
      return { page: { items: await presentEvents(tx, organizationId, rows), ...place }, filter }
    })
  )

  app.get('/api/events', {
    schema: listSchema, config: { scope: 'history:read', servesBound: 'query' },
  }, async ({ caller, query }, reply): Promise<EventPage> => {
    reply.type('application/json; charset=utf-8').serializer(JSON.stringify)
    const { wait = 0 } = query
    const { page: first, filter } = await readPage(caller, query)
    let page = first
    const hasNothing = () => page.items.length === 0 && !page.hasMore
    if (!hasNothing() || wait === 0) return page
    const left = new AbortController()
    reply.raw.once('close', () => left.abort())
    const signal = AbortSignal.any([stopping.signal, left.signal, AbortSignal.timeout(wait * 1000)])
    do { // again where what came between reading and waiting does not pass the filter
      await awaitNews(feeds, { organizationId: caller.organizationId, after: page.nextAfter, filter, signal })
      page = (await readPage(caller, { ...query, after: page.nextAfter })).page
    } while (hasNothing() && !signal.aborted)
    if ((await findGoodCallers(db, [caller])).size === 0) {
      throw new HiloError('UNAUTHORIZED', 'The API key or token of this call expired or was revoked while it waited.')
    }
    return page
  })

  app.get('/api/events/stream', {
    exposeHeadRoute: false, schema: streamSchema,
    config: { scope: 'history:read', servesBound: 'query', isTokenInQuery: true },
  }, async ({ caller, query, headers }, reply) => {
    const lastEventId = readLastEventId(headers['last-event-id'])
    const place = lastEventId === undefined
      ? { after: query.after, field: 'after' as const } : { after: lastEventId, field: 'Last-Event-ID' as const }
    await openStream(reply, { caller, ...place, query })
  })
}

/** @throws HiloError INVALID_REQUEST where it is no number; an empty one counts as none. */
function readLastEventId(text: string | undefined): number | undefined {
  if (!text) return undefined
  const seq = /^\d{1,15}$/.test(text) ? Number(text) : undefined
  if (seq !== undefined) return seq
  throw new HiloError('INVALID_REQUEST', `Last-Event-ID is "${text}", which is no number of an event.`, {
    field: 'Last-Event-ID', hint: 'Send the id of the last event as it came, or leave the header out.',
  })
}
