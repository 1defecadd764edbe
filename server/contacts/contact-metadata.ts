import type { Metadata } from '../database/schema.ts'
import { HiloError } from '../errors.ts'

/** Bytes of the JSON. */
const maxBytes = 16 * 1024

function fits(metadata: Metadata): boolean {
  return Buffer.byteLength(JSON.stringify(metadata)) <= maxBytes
}

/**
 * Metadata with a change of the caller merged into it, key by key; a key with `null` is removed.
 * @throws HiloError INVALID_REQUEST if the result is too large.
 */
export function changeMetadata(metadata: Metadata, change: Metadata): Metadata {
  const entries = Object.entries({ ...metadata, ...change }).filter(([key]) => change[key] !== null)
  const changed = Object.fromEntries(entries)
  if (fits(changed)) return changed
  throw new HiloError('INVALID_REQUEST', 'metadata would be larger than 16 KiB as JSON.', {
    field: 'metadata', hint: 'Remove a key by sending it as null, or keep large values in your own system.',
  })
}

/** The keys of `other` that `metadata` lacks, as far as there is room for them. */
export function findMissingMetadata(metadata: Metadata, other: Metadata): Metadata {
  let missing: Metadata = {}
  for (const [key, value] of Object.entries(other)) {
    const more = { ...missing, [key]: value }
    if (!Object.hasOwn(metadata, key) && fits({ ...metadata, ...more })) missing = more
  }
  return missing
}
