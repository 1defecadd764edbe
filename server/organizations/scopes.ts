/** What an API key may do. `admin` includes the others. */
export const scopes = ['messages:write', 'history:read', 'contacts:write', 'admin'] as const
export type Scope = (typeof scopes)[number]

/** Who is asking: the API key of a request and its organization. */
export interface Caller {
  organizationId: string
  apiKeyId: string
  scopes: readonly Scope[]
  /** ISO 3166, two letters: national phone numbers are read as of this country. */
  defaultCountry: string | undefined
}
