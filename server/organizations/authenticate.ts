import type { FastifyInstance, FastifyRequest } from 'fastify'
import { HiloError } from '../errors.ts'
import { type CallerFinder, readKeyHash } from './find-caller.ts'
import type { Caller } from './scopes.ts'

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

/** Every route with a `scope` asks for an API key before its body is read. */
export function authenticate(app: FastifyInstance, finder: CallerFinder): void {
  app.decorateRequest('caller', null as unknown as Caller)

  const admit = (request: FastifyRequest, caller: Caller | null) => {
    if (!caller) throw unauthorized(request)
    request.caller = caller
    checkScope(caller, request)
  }

  // With a callback: a key that is remembered, the usual case, costs no promise.
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.routeOptions.config?.scope === undefined) return done()
    const keyHash = readKeyHash(request.headers.authorization)
    const remembered = keyHash === undefined ? null : finder.remembered(keyHash)
    if (remembered === undefined) {
      finder.find(keyHash!).then((caller) => admit(request, caller)).then(() => done(), done)
      return
    }
    try {
      admit(request, remembered)
    } catch (error) {
      return done(error as Error)
    }
    done()
  })
}
