import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyServerOptions } from 'fastify'
import { checkRequests } from './http/check-request.ts'
import { allowOrigins } from './http/cors.ts'
import { agentRoutes } from './agents/routes.ts'
import { handleErrors, refuseConnection, refuseUrl } from './http/error-handler.ts'
import type { HiloApp, Services } from './http/hilo-app.ts'
import { acceptOnlyJson } from './http/parse-json.ts'
import { answerRequestId, readRequestId } from './http/request-id.ts'
import { describeError, RequestLog } from './http/request-log.ts'
import { addSecurityHeaders } from './http/security-headers.ts'
import { buildValidators } from './http/validator.ts'
import { authenticate, refuseOpenRoutes } from './organizations/authenticate.ts'
import { createCallerFinder } from './organizations/find-caller.ts'
import { createKeyUses } from './organizations/note-key-use.ts'

export interface AppOptions {
  /** Where the log goes; standard output when absent. */
  logStream?: { write(line: string): void }
}

/** Bytes of a body, where a route does not raise it. */
const bodyLimit = 1024 * 1024

/** Characters of an id in a path, percent-encoded; whether it is too long is for `check-request.ts` to say. */
const maxParamLength = 4096

/** Time for a whole request to arrive: 16 MiB over a slow line. */
const requestTimeoutMs = 120_000

/** Longer than the idle time of the usual proxies, so that it is the proxy that closes and no request is lost. */
const keepAliveTimeoutMs = 75_000

function createApp({ config }: Services, { logStream }: AppOptions): HiloApp {
  return Fastify({
    bodyLimit,
    logger: { level: config.logLevel, stream: logStream, serializers: { err: (error) => describeError(error) } },
    logController: new RequestLog(),
    genReqId: readRequestId,
    requestIdHeader: false,
    routerOptions: { maxParamLength, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    return503OnClosing: false, // a connection that is still open is served to its end, and told to close
    clientErrorHandler: refuseConnection,
    frameworkErrors: refuseUrl,
    schemaController: { compilersFactory: { buildValidator: buildValidators() } },
  } satisfies FastifyServerOptions).withTypeProvider<TypeBoxTypeProvider>()
}

/** The HTTP side of Hilo: every plugin by name, in the order in which a request meets them. */
export async function buildApp(services: Services, options: AppOptions = {}): Promise<HiloApp> {
  const { config, database: { db } } = services
  const app = createApp(services, options)
  const callers = createCallerFinder(db)
  const keyUses = createKeyUses(db)
  app.addHook('onClose', () => keyUses.close())

  answerRequestId(app)
  addSecurityHeaders(app)
  handleErrors(app)
  await allowOrigins(app, config.corsOrigins)
  refuseOpenRoutes(app)
  authenticate(app, { callers, rateLimit: config.rateLimit, noteUse: keyUses.note })
  checkRequests(app)
  acceptOnlyJson(app)

  // The domains, in the order of the flow.
  await app.register(agentRoutes(services))
  await app.ready()
  return app
}
