import type { FastifyInstance } from 'fastify'

/**
 * Headers for answers that are data, never a page: they load nothing, stand in no frame (so `X-Frame-Options` has
 * nothing to add), are what they say, and are not kept. Each costs on every request: by hand, since @fastify/helmet
 * puts a dozen together anew each time, which took longer than all else. HTTPS, and what belongs to it, is for the
 * proxy in front.
 */
const headers = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
}

/** On every answer; `/docs`, the one page there is, sets a policy of its own. */
export function addSecurityHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers)
    done()
  })
}
