import type { Metadata } from '../database/schema.ts'

/** Bytes of a caller's metadata as JSON. */
export const maxMetadataBytes = 16 * 1024

/** Bytes of UTF-8. */
export function metadataBytes(metadata: Metadata): number {
  return Buffer.byteLength(JSON.stringify(metadata))
}
