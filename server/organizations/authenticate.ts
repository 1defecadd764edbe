import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HiloError } from '../errors.ts'
import { createRateLimiter, type RateLimiter } from '../http/rate-limiter.ts'
import type { TokenSigner } from '../tokens/sign-token.ts'
import { checkBinding } from './check-binding.ts'
import type { CallerFinder, Credential } from './find-caller.ts'
import { readCredential } from './read-credential.ts'
import type { Caller } from './scopes.ts'

/** Wrong keys per minute from one address, which may be a proxy with many people behind it. Right keys always pass. */
const wrongKeysPerMinute = 300

export interface AuthenticationOptions {
  callers: CallerFinder
  tokens: TokenSigner
  /** Requests per minute for each key; 0: no limit. */
  rateLimit: number
  /** Told of each request with a good key. */
  noteUse: (caller: Caller) => void
}

function nameKind({ tokenExpiresAt }: Caller): string {
  return tokenExpiresAt === undefined ? 'API key' : 'token'
}

function checkScope(caller: Caller, request: FastifyRequest): void {
  const { scope } = request.routeOptions.config
  if (scope === 'any' || scope === undefined || caller.scopes.includes(scope) || caller.scopes.includes('admin')) return
  throw new HiloError('FORBIDDEN', `This ${nameKind(caller)} lacks the scope "${scope}", which ${request.method} `
    + `${request.routeOptions.url} needs. It has: ${caller.scopes.join(', ') || 'none'}.`, {
    hint: `Use a key with the scope "${scope}"; whoever has a key with "admin" can make one at POST /api/api-keys.`,
  })
}

function refuse(credential: Credential): HiloError {
  return new HiloError('UNAUTHORIZED', 'keyHash' in credential
    ? 'The API key is unknown, expired or revoked. Send a good one in the header "Authorization: Bearer YOUR_KEY".'
    : 'The API key that this token was made with is expired or revoked. Make a token with a good one, sent to POST '
      + '/api/tokens as "Authorization: Bearer YOUR_KEY".')
}

/** Each token has a limit of its own: a visitor who calls too often must not use up what the server's key may. */
function limitOf({ apiKeyId, tokenExpiresAt, conversationId }: Caller): string {
  return tokenExpiresAt === undefined ? apiKeyId : `${apiKeyId}/${conversationId ?? ''}/${tokenExpiresAt}`
}

function checkLimit(limiter: RateLimiter, who: string, { reply, what }: { reply: FastifyReply, what: string }): void {
  const seconds = limiter.count(who)
  if (seconds === 0) return
  reply.header('retry-after', seconds)
  throw new HiloError('RATE_LIMITED', `Too many requests ${what} in this minute. Try again in ${seconds} seconds.`)
}

/** Every route with a `scope` asks for an API key, or a token made with one, before its body is read. */
export function authenticate(
  app: FastifyInstance, { callers, tokens, rateLimit, noteUse }: AuthenticationOptions,
): void {
  const requests = createRateLimiter(rateLimit)
  const wrongKeys = createRateLimiter(wrongKeysPerMinute)
  app.decorateRequest('caller', null as unknown as Caller)

  const turnAway = (request: FastifyRequest, reply: FastifyReply, error: unknown): never => {
    checkLimit(wrongKeys, request.ip, { reply, what: 'with wrong API keys from this address' })
    throw error
  }

  const read = (request: FastifyRequest, reply: FastifyReply): Credential => {
    try {
      return readCredential(request, tokens)
    } catch (error) {
      return turnAway(request, reply, error)
    }
  }

  const admit = (request: FastifyRequest, reply: FastifyReply, caller: Caller) => {
    request.caller = caller
    checkLimit(requests, limitOf(caller), { reply, what: `with this ${nameKind(caller)}` })
    checkBinding(caller, request)
    checkScope(caller, request)
    noteUse(caller)
  }

  // With a callback: a key that is remembered, the usual case, costs no promise.
  app.addHook('onRequest', (request, reply, done) => {
    if (request.routeOptions.config?.scope === undefined) return done()
    try {
      const credential = read(request, reply)
      const settle = (caller: Caller | null) => (
        caller ? admit(request, reply, caller) : turnAway(request, reply, refuse(credential))
      )
      const remembered = callers.remembered(credential)
      if (remembered === undefined) {
        callers.find(credential).then(settle).then(() => done(), done)
        return
      }
      settle(remembered)
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
