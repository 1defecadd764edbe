import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { deriveKey } from './derive-key.ts'

const version = 'v1.'
const nonceBytes = 12
const tagBytes = 16

/** Keeps credentials unreadable in the database and its backups. */
export interface Encryption {
  /** @param owner what the text belongs to: it opens for the same owner only, so that no row can take another's. */
  encrypt(text: string, owner: string): string
  /** @throws DecryptionError if it was encrypted with another secret or for another owner, or was changed. */
  decrypt(encrypted: string, owner: string): string
}

export class DecryptionError extends Error {
  override readonly name = 'DecryptionError'
}

/**
 * AES-256-GCM with a key derived from HILO_SECRET.
 * @param purpose one word for what is encrypted: each purpose has a key of its own.
 */
export function createEncryption(secret: string, purpose: string): Encryption {
  const key = deriveKey(secret, `encryption of ${purpose}`)
  return {
    encrypt(text, owner) {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes }).setAAD(Buffer.from(owner))
      const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return version + sealed.toString('base64url')
    },
    decrypt(encrypted, owner) {
      try {
        return open(key, { encrypted, owner })
      } catch (error) {
        throw new DecryptionError('This cannot be read with the present HILO_SECRET.', { cause: error })
      }
    },
  }
}

function open(key: Buffer, { encrypted, owner }: { encrypted: string, owner: string }): string {
  if (!encrypted.startsWith(version)) throw new Error('unknown version')
  const sealed = Buffer.from(encrypted.slice(version.length), 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes })
    .setAAD(Buffer.from(owner)).setAuthTag(sealed.subarray(-tagBytes))
  return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()]).toString('utf8')
}
