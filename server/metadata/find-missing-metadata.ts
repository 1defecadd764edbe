import type { Metadata } from '../database/schema.ts'
import { maxMetadataBytes, metadataBytes } from './metadata-limit.ts'

/** The keys of `other` that `metadata` lacks, as far as there is room for them. */
export function findMissingMetadata(metadata: Metadata, other: Metadata): Metadata {
  let missing: Metadata = {}
  for (const [key, value] of Object.entries(other)) {
    const more = { ...missing, [key]: value }
    if (!Object.hasOwn(metadata, key) && metadataBytes({ ...metadata, ...more }) <= maxMetadataBytes) missing = more
  }
  return missing
}
