import { hash, randomInt } from 'node:crypto'

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const secretLength = 40

/** A new API key: `hilo_` and 40 random characters of `[0-9A-Za-z]` (238 bits). */
export function createApiKeySecret(): string {
  let key = 'hilo_'
  for (let count = 0; count < secretLength; count++) key += alphabet[randomInt(alphabet.length)]
  return key
}

/** What is stored of a key: SHA-256, hex. Enough for a random secret that nobody can guess. */
export function hashApiKey(key: string): string {
  return hash('sha256', key, 'hex')
}

/** The first characters of a key, to recognise it in a list: too few to help anybody guess the rest. */
export function readPrefix(key: string): string {
  return key.slice(0, key.startsWith('hilo_') ? 9 : 4)
}
