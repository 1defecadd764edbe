import type { FastifyInstance, FastifyRequest } from 'fastify'
import { HiloError } from '../errors.ts'
import type { Caller } from './scopes.ts'

/**
 * Keeps a caller that is bound to one conversation to it: for every route at once, so that none can forget it. A route
 * serves such callers only where it says in its config in which place it names the conversation.
 * @throws HiloError FORBIDDEN everywhere else, and for another conversation.
 */
export function checkBinding({ conversationId }: Caller, request: FastifyRequest): void {
  if (conversationId === undefined) return
  const { method, routeOptions: { url, config: { servesBound } } } = request
  if (servesBound === undefined || (method !== 'GET' && method !== 'HEAD')) {
    throw new HiloError('FORBIDDEN', `This token reads one conversation; ${method} ${url} is not for it. It may call GET `
      + `/api/conversations/${conversationId}, its messages and turns, /api/events and /api/events/stream.`)
  }
  const named = request[servesBound] as { id?: unknown, conversationId?: unknown }
  const place = servesBound === 'params' ? 'id' : 'conversationId'
  if (servesBound === 'query' && named.conversationId === undefined) named.conversationId = conversationId
  if (named[place] === conversationId) return
  throw new HiloError('FORBIDDEN', `This token reads the conversation "${conversationId}" only, under this very id.`, {
    field: place, hint: `Use "${conversationId}".`,
  })
}

/** The program ends at its start where a route would serve bound callers, but names no conversation in that place. */
export function refuseWrongBindings(app: FastifyInstance): void {
  app.addHook('onRoute', ({ url, config, schema }) => {
    const servesBound = config?.servesBound
    if (servesBound === 'params' && !/^\/api\/conversations\/:id(\/|$)/.test(url)) {
      throw new Error(`The route ${url} does not name a conversation in its path.`)
    }
    const query = schema?.querystring as { properties?: object } | undefined
    if (servesBound === 'query' && !('conversationId' in (query?.properties ?? {}))) {
      throw new Error(`The route ${url} does not name a conversation in its query string.`)
    }
  })
}
