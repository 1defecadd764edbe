import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { createDurations } from './request-durations.ts'

/** A registry of this process alone: several servers in one process, as in tests, do not share numbers. */
export function createMetrics(): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return registry
}

/** Measures every request by the pattern of its path, and answers the numbers to Prometheus at `/metrics`. */
export function serveMetrics(app: FastifyInstance, registry: Registry): void {
  const durations = createDurations()
  app.addHook('onResponse', (request, reply, done) => {
    durations.observe(request.method, request.routeOptions.url ?? 'unknown', reply)
    done()
  })
  app.get('/metrics', {
    schema: {
      tags: ['Operations'], summary: 'Numbers for Prometheus', produces: ['text/plain'], response: { 200: Type.String() },
    },
  }, async (_request, reply) => (
    reply.type(registry.contentType).send(`${await registry.metrics()}\n${durations.print()}`)
  ))
}
