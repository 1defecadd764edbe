import { hkdfSync } from 'node:crypto'

/**
 * A key of 32 bytes, derived (HKDF-SHA-256) from HILO_SECRET.
 * @param purpose each has a key of its own; renaming one makes what was done with its key unreadable.
 */
export function deriveKey(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'hilo', purpose, 32))
}
