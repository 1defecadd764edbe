import { HiloError } from '../errors.ts'
import { readId } from './read-id.ts'

/**
 * The id that a caller wants for a new agent: it stands in paths and in WhatsApp's `channelExternalId`.
 * @throws HiloError INVALID_ID.
 */
export function readAgentId(raw: unknown): string | undefined {
  const id = readId('id', raw)
  if (id === undefined || (/^[\x21-\x7e]{1,256}$/.test(id) && !/\/|^\.\.?$/.test(id))) return id
  throw new HiloError('INVALID_ID', '"id" must be 1 to 256 printable ASCII characters without blanks and without "/", and not "." or "..".', {
    field: 'id', hint: 'Leave it out to get a new one.',
  })
}
