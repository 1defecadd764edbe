import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client'

/** Seconds; a recorded message takes a few milliseconds. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** A registry of this process alone: several servers in one process, as in tests, do not share numbers. */
export function createMetrics(): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return registry
}

/** Measures every request by the pattern of its path, and answers the numbers to Prometheus at `/metrics`. */
export function serveMetrics(app: FastifyInstance, registry: Registry): void {
  const durations = new Histogram({
    name: 'hilo_http_request_duration_seconds',
    help: 'Time from a request to the end of its answer.',
    labelNames: ['method', 'path', 'status'] as const,
    buckets,
    registers: [registry],
  })
  app.addHook('onResponse', (request, reply, done) => {
    const path = request.routeOptions.url ?? 'unknown'
    durations.observe({ method: request.method, path, status: `${Math.trunc(reply.statusCode / 100)}xx` },
      reply.elapsedTime / 1000)
    done()
  })
  app.get('/metrics', {
    schema: { tags: ['Operations'], summary: 'Numbers for Prometheus', produces: ['text/plain'], response: { 200: Type.String() } },
  }, async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()))
}
