import type { FastifyInstance } from 'fastify'

/**
 * Headers for answers that are data, never a page: they load nothing, sit in no frame and are what they say.
 * Written by hand: @fastify/helmet puts its headers together anew for each request, which cost more than all else.
 */
const headers = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}

/** On every answer; `/docs`, the one page there is, sets a policy of its own. */
export function addSecurityHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers)
    done()
  })
}
