import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { createId } from '../database/create-id.ts'

/** The caller's own `X-Request-Id`, if it is harmless in a log, else a new id. */
export function readRequestId(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && /^[A-Za-z0-9._-]{1,128}$/.test(given) ? given : createId()
}

/** Every answer names its request, so that a caller's report can be found in the log. */
export function answerRequestId(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    done()
  })
}
