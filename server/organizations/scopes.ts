import { type Scope, scopes } from '@hilo/contract'

export { type Scope, scopes }

/** Who is asking: the API key of a request and its organization. */
export interface Caller {
  organizationId: string
  apiKeyId: string
  scopes: readonly Scope[]
  /** ISO 3166, two letters: national phone numbers are read as of this country. */
  defaultCountry: string | undefined
}
