import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HiloError } from '../errors.ts'
import { createRateLimiter, type RateLimiter } from '../http/rate-limiter.ts'
import { type CallerFinder, readKeyHash } from './find-caller.ts'
import type { Caller } from './scopes.ts'

/** Wrong keys per minute from one address, which may be a proxy with many people behind it. Right keys always pass. */
const wrongKeysPerMinute = 300

export interface AuthenticationOptions {
  callers: CallerFinder
  /** Requests per minute for each key; 0: no limit. */
  rateLimit: number
  /** Told of each request with a good key. */
  noteUse: (caller: Caller) => void
}

function checkScope(caller: Caller, request: FastifyRequest): void {
  const { scope } = request.routeOptions.config
  if (scope === 'any' || scope === undefined || caller.scopes.includes(scope) || caller.scopes.includes('admin')) return
  throw new HiloError('FORBIDDEN', `This API key lacks the scope "${scope}", which ${request.method} `
    + `${request.routeOptions.url} needs. It has: ${caller.scopes.join(', ') || 'none'}.`, {
    hint: `Use a key with the scope "${scope}"; whoever has a key with "admin" can make one at POST /api/api-keys.`,
  })
}

function unauthorized(request: FastifyRequest): HiloError {
  return request.headers.authorization === undefined
    ? new HiloError('UNAUTHORIZED', 'The API key is missing. Send it in the header "Authorization: Bearer YOUR_KEY".')
    : new HiloError('UNAUTHORIZED', 'The API key is unknown, expired or revoked, or the header does not read '
      + '"Authorization: Bearer YOUR_KEY".')
}

function checkLimit(limiter: RateLimiter, who: string, { reply, what }: { reply: FastifyReply, what: string }): void {
  const seconds = limiter.count(who)
  if (seconds === 0) return
  reply.header('retry-after', seconds)
  throw new HiloError('RATE_LIMITED', `Too many requests ${what} in this minute. Try again in ${seconds} seconds.`)
}

/** Every route with a `scope` asks for an API key before its body is read. */
export function authenticate(app: FastifyInstance, { callers, rateLimit, noteUse }: AuthenticationOptions): void {
  const requests = createRateLimiter(rateLimit)
  const wrongKeys = createRateLimiter(wrongKeysPerMinute)
  app.decorateRequest('caller', null as unknown as Caller)

  const admit = (request: FastifyRequest, reply: FastifyReply, caller: Caller | null) => {
    if (!caller) {
      checkLimit(wrongKeys, request.ip, { reply, what: 'with wrong API keys from this address' })
      throw unauthorized(request)
    }
    request.caller = caller
    checkLimit(requests, caller.apiKeyId, { reply, what: 'with this API key' })
    checkScope(caller, request)
    noteUse(caller)
  }

  // With a callback: a key that is remembered, the usual case, costs no promise.
  app.addHook('onRequest', (request, reply, done) => {
    if (request.routeOptions.config?.scope === undefined) return done()
    const keyHash = readKeyHash(request.headers.authorization)
    const remembered = keyHash === undefined ? null : callers.remembered(keyHash)
    if (remembered === undefined) {
      callers.find(keyHash!).then((caller) => admit(request, reply, caller)).then(() => done(), done)
      return
    }
    try {
      admit(request, reply, remembered)
    } catch (error) {
      return done(error as Error)
    }
    done()
  })
}

/** The program ends at its start where a route of the API was left open to all by mistake. */
export function refuseOpenRoutes(app: FastifyInstance): void {
  app.addHook('onRoute', ({ url, config }) => {
    if (url.startsWith('/api/') && config?.scope === undefined) throw new Error(`The route ${url} has no scope.`)
  })
}
