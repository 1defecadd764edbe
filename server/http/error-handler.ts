import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isUnavailable } from '../database/database-errors.ts'
import { type ErrorCode, HiloError } from '../errors.ts'
import { explainValidation } from './explain-validation.ts'

/** Seconds after which a caller may try again when the database was away. */
const retryAfterSeconds = 1

/** Fastify's own errors (https://fastify.dev/docs/latest/Reference/Errors/) as ours. */
function translateFastifyError(error: FastifyError, request: FastifyRequest): HiloError | undefined {
  if (error.validation) return explainValidation(error, request)
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new HiloError('PAYLOAD_TOO_LARGE', `The body is larger than ${request.routeOptions.bodyLimit} bytes, the `
        + 'limit of this path.', { hint: 'Send less at once, and files as links in attachments.' })
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new HiloError('UNSUPPORTED_MEDIA_TYPE', 'The body must be JSON, sent with the header '
        + '"Content-Type: application/json".')
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new HiloError('INVALID_REQUEST', 'The body is not as long as the header Content-Length says.')
    case 'FST_ERR_BAD_URL':
      return new HiloError('INVALID_REQUEST', 'The path holds a percent sign that is not followed by valid UTF-8.')
  }
  return undefined
}

/** Every error as one meant for the caller: what is not known to be the caller's or the database's fault is ours. */
export function toHiloError(error: unknown, request: FastifyRequest): HiloError {
  if (error instanceof HiloError) return error
  const translated = error instanceof Error && translateFastifyError(error as FastifyError, request)
  if (translated) return translated
  if (isUnavailable(error)) {
    return new HiloError('UNAVAILABLE', 'The database is away or busy just now. Try again in a moment.', { cause: error })
  }
  return new HiloError('INTERNAL', 'Something went wrong inside Hilo. Nobody but its operator can help: tell them the '
    + 'requestId of this answer, under which the log holds the details.', { cause: error })
}

/** The body of an error answer. */
export function errorBody(error: HiloError, requestId: string) {
  return { error: error.message, code: error.code, field: error.field, hint: error.hint, requestId }
}

function logError(error: HiloError, request: FastifyRequest): void {
  request.errorCode = error.code
  if (error.code === 'INTERNAL') request.log.error({ err: error.cause ?? error }, 'a request failed inside Hilo')
  if (error.code === 'UNAVAILABLE') request.log.warn({ err: error.cause ?? error }, 'the database is unavailable')
}

/** Answers an error. For hijacked answers (streams) use `toHiloError` and `errorBody`. */
export function sendError(error: HiloError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  logError(error, request)
  const defaults: Partial<Record<ErrorCode, [string, string]>> = {
    UNAUTHORIZED: ['www-authenticate', 'Bearer'],
    UNAVAILABLE: ['retry-after', String(retryAfterSeconds)],
  }
  const header = defaults[error.code]
  if (header && !reply.hasHeader(header[0])) reply.header(header[0], header[1])
  return reply.code(error.status).type('application/json; charset=utf-8').send(errorBody(error, request.id))
}

/** The one place where errors become answers. */
export function handleErrors(app: FastifyInstance): void {
  app.decorateRequest('errorCode', undefined)
  app.setErrorHandler((error, request, reply) => sendError(toHiloError(error, request), request, reply))
  app.setNotFoundHandler((request, reply) => sendError(
    new HiloError('ROUTE_NOT_FOUND', `There is no ${request.method} ${request.url.split('?')[0]}.`), request, reply,
  ))
}
