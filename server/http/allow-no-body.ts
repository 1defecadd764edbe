import type { FastifyRequest } from 'fastify'

/** A hook for `preValidation`, where all fields of the body are optional: without a body, none is given. */
export async function allowNoBody(request: FastifyRequest): Promise<void> {
  request.body ??= {}
}
