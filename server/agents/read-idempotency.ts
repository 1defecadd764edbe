import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { NewMessage } from '../messages/new-message.ts'
import { readId } from './read-id.ts'

/** @throws HiloError INVALID_ID if the Idempotency-Key of the request is none. */
export function readIdempotencyKey(request: FastifyRequest): string | undefined {
  return readId('Idempotency-Key', request.headers['idempotency-key'])
}

/**
 * The Idempotency-Key of a request with a fingerprint of what it asks, if it has one.
 * @param one of a request that asks several things: each is remembered for itself.
 */
export function readIdempotency(
  request: FastifyRequest, key: string | undefined, one?: { part: number, asked: unknown },
): NewMessage['idempotency'] {
  if (key === undefined) return undefined
  const asked = JSON.stringify([request.routeOptions.url, request.params, one ? one.asked : request.body])
  const requestHash = createHash('sha256').update(asked).digest('hex')
  return { header: key, key: one ? `${key} #${one.part}` : key, requestHash }
}
