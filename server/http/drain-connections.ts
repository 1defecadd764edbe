import type { FastifyInstance } from 'fastify'

/**
 * While the server closes, answers to requests that were already there tell their connections to end as well. Fastify
 * closes only those that are idle at that moment; any other would keep the process waiting for its client.
 */
export function drainConnections(app: FastifyInstance): void {
  let isClosing = false
  app.addHook('preClose', (done) => {
    isClosing = true
    done()
  })
  // eslint-disable-next-line max-params -- Fastify's signature; with a promise instead, every request would pay for it
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (isClosing) reply.header('connection', 'close')
    done(null, payload)
  })
}
