import { type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import type { LogLevel } from '../config.ts'

/** A request that took longer is worth a line even when it went well. */
const slowMs = 1000

/** The parts of a database error that hold no value of any row: those may be a customer's words. */
const databaseFields = ['code', 'severity', 'schema', 'table', 'column', 'constraint', 'routine'] as const

interface DescribedError extends Record<string, unknown> {
  type: string
  message: string
  stack: string
}

/**
 * An error for the log. Only known fields: `pg` and PGlite hang the row, the query and its parameters on an error.
 * @param depth how many causes still to follow.
 */
export function describeError(error: unknown, depth = 4): DescribedError {
  if (!(error instanceof Error)) return { type: typeof error, message: 'thrown, but no Error', stack: '' }
  const described: DescribedError = { type: error.name, message: error.message, stack: error.stack ?? '' }
  for (const name of databaseFields) {
    if (name in error) described[name] = error[name as keyof Error]
  }
  if (error.cause !== undefined && depth > 0) described.cause = describeError(error.cause, depth - 1)
  return described
}

/**
 * One line for each request: at `info` when it failed or was slow, else at `debug` (at ten thousand a second the lines
 * cost more than the work). Never a header, a query string, or anything from a body.
 */
export class RequestLog extends LogController {
  readonly #isVerbose: boolean

  constructor(level: LogLevel) {
    super({ requestIdLogLabel: 'requestId' })
    this.#isVerbose = level === 'debug' || level === 'trace'
  }

  override incomingRequest(): void {}

  override requestCompleted(error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply): void {
    const isNotable = error || reply.statusCode >= 400 || reply.elapsedTime > slowMs
    if (!isNotable && !this.#isVerbose) return
    const line = {
      method: request.method,
      path: request.routeOptions.url ?? null,
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime * 10) / 10,
      organizationId: request.caller?.organizationId,
      apiKeyId: request.caller?.apiKeyId,
      code: request.errorCode,
    }
    const level = isNotable ? 'info' : 'debug'
    request.log[level](error ? { ...line, err: error } : line, error ? 'request broken off' : 'request')
  }
}
