import type { Metadata } from '../database/schema.ts'
import { HiloError } from '../errors.ts'
import { assertExact } from './assert-exact.ts'
import { maxMetadataBytes, metadataBytes } from './metadata-limit.ts'

/**
 * What a caller sent as metadata; absent and `null`: none.
 * @throws HiloError INVALID_REQUEST if it is larger than 16 KiB as JSON, or holds a number that lost digits.
 */
export function readMetadata(metadata: Metadata | null | undefined): Metadata {
  if (!metadata) return {}
  assertExact(metadata)
  const size = metadataBytes(metadata)
  if (size <= maxMetadataBytes) return metadata
  throw new HiloError('INVALID_REQUEST', `metadata is larger than 16 KiB: ${size} bytes of JSON, of at most ${maxMetadataBytes}.`, {
    field: 'metadata', hint: 'Keep large values in your own system, and a reference to them here.',
  })
}
