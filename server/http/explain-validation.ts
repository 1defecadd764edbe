import type { FastifyError, FastifyRequest } from 'fastify'
import { HiloError } from '../errors.ts'

/** What the schema refused, as a sentence that names the field. */
export function explainValidation(error: FastifyError, _request: FastifyRequest): HiloError {
  return new HiloError('INVALID_REQUEST', error.message)
}
