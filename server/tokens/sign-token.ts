import { createHmac, timingSafeEqual } from 'node:crypto'
import type { TokenScope } from '@hilo/contract'
import { deriveKey } from '../encryption/derive-key.ts'

/** Begins every token, so that it is never taken for an API key, nor the other way round. */
const prefix = 'hilo_token_'

/** What a token says; it is signed, not encrypted: whoever holds it can read it. */
export interface Token {
  organizationId: string
  /** The API key that made it, on which it depends. */
  apiKeyId: string
  scopes: readonly TokenScope[]
  /** The one conversation that it reads; all of the organization when absent. */
  conversationId?: string
  /** Unix time, milliseconds. */
  expiresAt: number
}

export interface TokenSigner {
  sign(token: Token): string
  /** What a token says, be it expired or not; undefined unless this very text was signed with our secret. */
  read(text: string): Token | undefined
}

export function isToken(text: string): boolean {
  return text.startsWith(prefix)
}

/** HMAC-SHA-256 by a key derived from HILO_SECRET: processes that share it know each other's tokens. */
export function createTokenSigner(secret: string): TokenSigner {
  const key = deriveKey(secret, 'signing of tokens')
  const signatureOf = (signed: string) => createHmac('sha256', key).update(signed).digest('base64url')
  return {
    sign(token) {
      const signed = prefix + Buffer.from(JSON.stringify(token)).toString('base64url')
      return `${signed}.${signatureOf(signed)}`
    },
    read(text) {
      const end = text.lastIndexOf('.')
      if (!isToken(text) || end < 0) return undefined
      const signed = text.slice(0, end)
      // The texts and not their bytes: base64 writes the same bytes in several ways.
      const [given, right] = [Buffer.from(text.slice(end + 1)), Buffer.from(signatureOf(signed))]
      if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined
      return JSON.parse(Buffer.from(signed.slice(prefix.length), 'base64url').toString('utf8')) as Token
    },
  }
}
