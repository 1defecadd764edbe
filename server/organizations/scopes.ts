import { type Scope, scopes } from '@hilo/contract'

export { type Scope, scopes }

/** Who is asking: the API key of a request, or the one its token was made with, and its organization. */
export interface Caller {
  organizationId: string
  apiKeyId: string
  scopes: readonly Scope[]
  /** ISO 3166, two letters: national phone numbers are read as of this country. */
  defaultCountry: string | undefined
  /** Set for a token bound to one conversation: it reaches nothing else (check-binding.ts). */
  conversationId?: string
  /** Set for a token: when it stops working, Unix time in milliseconds. */
  tokenExpiresAt?: number
}
