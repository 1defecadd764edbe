import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyServerOptions } from 'fastify'
import type { LogLevel } from '../config.ts'
import { refuseConnection, refuseUrl } from './error-handler.ts'
import type { HiloApp } from './hilo-app.ts'
import { createRequestIds } from './request-id.ts'
import { describeError, RequestLog } from './request-log.ts'
import { createRequestLogger } from './request-logger.ts'
import { buildCompilers } from './compilers.ts'

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

/** Fastify with our limits, log and request ids; no route yet. */
export function createApp(logLevel: LogLevel, { logStream }: AppOptions = {}): HiloApp {
  return Fastify({
    bodyLimit,
    logger: { level: logLevel, stream: logStream, serializers: { err: (error) => describeError(error) } },
    logController: new RequestLog(logLevel),
    childLoggerFactory: createRequestLogger,
    genReqId: createRequestIds(),
    requestIdHeader: false,
    routerOptions: { maxParamLength, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    return503OnClosing: false, // a connection that is still open is served to its end, and told to close
    clientErrorHandler: refuseConnection,
    frameworkErrors: refuseUrl,
    schemaController: { compilersFactory: buildCompilers() },
  } satisfies FastifyServerOptions).withTypeProvider<TypeBoxTypeProvider>()
}
