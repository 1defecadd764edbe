import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { createId } from '../database/create-id.ts'
import { isUnavailable } from '../database/database-errors.ts'
import { type ErrorCode, HiloError } from '../errors.ts'
import { explainValidation } from './explain-validation.ts'
import { describeError } from './request-log.ts'
import { rememberRoutes } from './route-not-found.ts'

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
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new HiloError('INVALID_ID', 'An id in the path is longer than 256 characters.')
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
  if (error.code !== 'UNAVAILABLE') return
  // Without the stack: while the database is away there may be thousands of these a second, all alike.
  const { type, message, code } = describeError(error.cause ?? error)
  const what = error.cause === undefined ? 'a request was not answered' : 'the database is unavailable'
  request.log.warn({ reason: { type, message, code } }, what)
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
  const routeNotFound = rememberRoutes(app)
  app.decorateRequest('errorCode', undefined)
  app.setErrorHandler((error, request, reply) => sendError(toHiloError(error, request), request, reply))
  app.setNotFoundHandler((request, reply) => sendError(routeNotFound(request), request, reply))
}

/** For a path that cannot be decoded: no route is ever asked. */
export function refuseUrl(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id)
  sendError(toHiloError(error, request), request, reply)
}

/** For a request that is no HTTP, or whose headers are too large or too slow: no route is ever asked. */
export function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const [status, sentence] = connectionErrors[error.code ?? ''] ?? connectionErrors.other!
  const refusal = new HiloError('INVALID_REQUEST', sentence)
  const body = JSON.stringify(errorBody(refusal, createId()))
  socket.end(`HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\nConnection: close\r\n`
    + `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
}

const connectionErrors: Record<string, [status: string, sentence: string]> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The headers are larger than 16 KiB together.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not arrive in time.'],
  other: ['400 Bad Request', 'This is not a valid HTTP request.'],
}
