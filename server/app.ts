import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyServerOptions } from 'fastify'
import { handleErrors } from './http/error-handler.ts'
import type { HiloApp, Services } from './http/hilo-app.ts'
import { acceptOnlyJson } from './http/parse-json.ts'
import { answerRequestId, readRequestId } from './http/request-id.ts'
import { describeError, RequestLog } from './http/request-log.ts'
import { buildValidators } from './http/validator.ts'
import { authenticate } from './organizations/authenticate.ts'
import { createCallerFinder } from './organizations/find-caller.ts'

export interface AppOptions {
  /** Where the log goes; standard output when absent. */
  logStream?: { write(line: string): void }
}

/** Bytes of a body, where a route does not raise it. */
const bodyLimit = 1024 * 1024

/** Characters of an id in a path, percent-encoded; whether it is too long is for `check-request.ts` to say. */
const maxParamLength = 4096

function createApp({ config }: Services, { logStream }: AppOptions): HiloApp {
  return Fastify({
    bodyLimit,
    logger: { level: config.logLevel, stream: logStream, serializers: { err: (error) => describeError(error) } },
    logController: new RequestLog(),
    genReqId: readRequestId,
    requestIdHeader: false,
    routerOptions: { maxParamLength },
    schemaController: { compilersFactory: { buildValidator: buildValidators() } },
  } satisfies FastifyServerOptions).withTypeProvider<TypeBoxTypeProvider>()
}

/** The HTTP side of Hilo: every plugin by name, in the order in which a request meets them. */
export async function buildApp(services: Services, options: AppOptions = {}): Promise<HiloApp> {
  const app = createApp(services, options)
  const callers = createCallerFinder(services.database.db)
  answerRequestId(app)
  handleErrors(app)
  acceptOnlyJson(app)
  authenticate(app, callers)

  // The domains, in the order of the flow.
  return app
}
