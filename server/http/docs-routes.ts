import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import Fastify from 'fastify'
import type { Routes } from './hilo-app.ts'

/** All from here, nothing from elsewhere; the page brings its style sheets along as text. */
const contentSecurityPolicy = [
  "default-src 'none'", "script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data:",
  "font-src 'self' data:", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'",
].join('; ')

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Hilo API</title>
<link rel="icon" href="data:,">
</head>
<body>
<div id="app"></div>
<script src="/docs/reference.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`

/** https://github.com/scalar/scalar/blob/main/documentation/configuration.md; nothing that reaches out to the network. */
const start = `Scalar.createApiReference('#app', ${JSON.stringify({
  url: '/openapi.json',
  withDefaultFonts: false,
  hideClientButton: true,
  telemetry: false,
  mcp: { disabled: true },
  agent: { disabled: true },
  showDeveloperTools: 'never',
  authentication: { preferredSecurityScheme: 'apiKey' },
  defaultHttpClient: { targetKey: 'shell', clientKey: 'curl' },
}, null, 2)})
`

/**
 * Scalar's program for the browser, 5 MB, gzipped. Its package holds it as text inside a module and hands it out only
 * through its own Fastify plugin; it is loaded when somebody first looks at the page, not at the start.
 */
async function loadReference(): Promise<Buffer> {
  const { default: scalar } = await import('@scalar/fastify-api-reference')
  const app = Fastify()
  await app.register(scalar, { routePrefix: '/docs', configuration: { url: '/openapi.json' } })
  const { rawPayload } = await app.inject('/docs/js/scalar.js')
  return promisify(gzip)(rawPayload)
}

/** The reference page of the API, whole from this server: it works without any other network. */
export const docsRoutes: Routes = async (app) => {
  let reference: Promise<Buffer> | undefined
  const schema = { hide: true }

  // The address that the start prints, opened in a browser.
  app.get('/', { schema }, (_request, reply) => reply.redirect('/docs'))

  app.get('/docs', { schema }, (_request, reply) => reply
    .header('content-security-policy', contentSecurityPolicy).type('text/html; charset=utf-8').send(page))

  app.get('/docs/start.js', { schema }, (_request, reply) => reply.type('text/javascript; charset=utf-8').send(start))

  app.get('/docs/reference.js', { schema }, async (_request, reply) => {
    reference ??= loadReference()
    return reply.type('text/javascript; charset=utf-8').header('content-encoding', 'gzip')
      .header('cache-control', 'public, max-age=86400').send(await reference)
  })
}
