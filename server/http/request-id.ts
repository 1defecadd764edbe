import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { createId } from '../database/create-id.ts'

const countLength = 8

/** Ids of requests: 17 characters of this process and its start, then a count; each costs next to nothing. */
function createCounter(): () => string {
  const start = createId().slice(0, -countLength)
  let count = 0
  return () => start + (count++).toString(36).padStart(countLength, '0')
}

/** The caller's own `X-Request-Id`, if it is harmless in a log, else a new id. */
export function createRequestIds(): (request: Pick<IncomingMessage, 'headers'>) => string {
  const createRequestId = createCounter()
  return (request) => {
    const given = request.headers['x-request-id']
    return typeof given === 'string' && /^[A-Za-z0-9._-]{1,128}$/.test(given) ? given : createRequestId()
  }
}

/** Every answer names its request, so that a caller's report can be found in the log. */
export function answerRequestId(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    done()
  })
}
