import { sql } from 'kysely'
import type { Metadata } from '../database/schema.ts'

/**
 * Whether a message is a note of colleagues to colleagues: neither the customer nor the AI ever sees it, and whoever
 * writes one has not taken the conversation over. Marked by `private: true` in its metadata, Chatwoot's name for it.
 */
export function isPrivateNote(metadata: Metadata): boolean {
  return metadata.private === true
}

/** The same of a row `m` of the table `messages`. */
export const isPrivateRow = sql`(m.metadata @> '{"private": true}')`
