import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'

/**
 * When the server closes, answers to requests that are already there tell their connections to end as well. Fastify
 * closes only those that are idle at that moment; any other would keep the process waiting for its client.
 */
export function drainConnections(app: FastifyInstance): void {
  const inFlight = new Set<ServerResponse>()
  let isClosing = false
  app.addHook('onRequest', (_request, { raw }, done) => {
    inFlight.add(raw)
    raw.shouldKeepAlive &&= !isClosing
    done()
  })
  app.addHook('onResponse', (_request, { raw }, done) => {
    inFlight.delete(raw)
    done()
  })
  app.addHook('preClose', (done) => {
    isClosing = true
    for (const answer of inFlight) answer.shouldKeepAlive = false
    done()
  })
}
