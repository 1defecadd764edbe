import type { Metadata } from '../database/schema.ts'
import { HiloError } from '../errors.ts'

/**
 * Whole numbers beyond 2^53 lose their last digits when JSON is read: what was sent is not known any more.
 * @throws HiloError INVALID_REQUEST naming the number.
 */
export function assertExact(metadata: Metadata): void {
  const field = findInexact(metadata, 'metadata')
  if (!field) return
  throw new HiloError('INVALID_REQUEST', `"${field}" is a number with more digits than can be kept.`, {
    field, hint: 'Send it as a text, in quotation marks.',
  })
}

function findInexact(value: unknown, path: string): string | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value) ? path : undefined
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, inner] of Object.entries(value)) {
    const found = findInexact(inner, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`)
    if (found) return found
  }
  return undefined
}
