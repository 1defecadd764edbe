import type { Metadata } from '../database/schema.ts'
import { HiloError } from '../errors.ts'
import { assertExact } from './assert-exact.ts'
import { maxMetadataBytes, metadataBytes } from './metadata-limit.ts'

/**
 * Metadata after a change: merged key by key, the values themselves replaced as a whole; a key that is `null` goes.
 * @throws HiloError INVALID_REQUEST if that is larger than 16 KiB as JSON, or a number of the change lost digits.
 */
export function mergeMetadata(before: Metadata, change: Metadata): Metadata {
  assertExact(change)
  const merged = Object.fromEntries(
    Object.entries({ ...before, ...change }).filter(([key, value]) => value !== null || !Object.hasOwn(change, key)),
  )
  const size = metadataBytes(merged)
  if (size <= maxMetadataBytes) return merged
  throw new HiloError('INVALID_REQUEST', `metadata would be ${size} bytes of JSON; at most ${maxMetadataBytes} are kept.`, {
    field: 'metadata', hint: 'Remove keys that are no longer needed by setting them to null.',
  })
}
