import Type, { type Static } from 'typebox'
import { Name, Nullable, Page, PageQuery, Time } from './common.ts'

/** What an API key may do. `admin` includes the others. */
export const scopes = ['messages:write', 'history:read', 'contacts:write', 'admin'] as const
export type Scope = (typeof scopes)[number]

const scopeList = Type.Array(Type.Enum([...scopes]), {
  minItems: 1,
  uniqueItems: true,
  description: '`messages:write`: record messages, change conversations; `history:read`: read everything; ' +
    '`contacts:write`: change and merge contacts; `admin`: all of these, and agents, keys and the organization.',
})

const keyFields = {
  id: Type.String({ description: 'Id of the key, not the key itself.' }),
  name: Type.String({ description: 'Name for people.' }),
  prefix: Type.String({ description: 'First characters of the key, to recognise it.' }),
  scopes: scopeList,
  expiresAt: Nullable(Time('When it stops working; `null`: never.')),
  revokedAt: Nullable(Time('When it was revoked; `null`: it was not.')),
  lastUsedAt: Nullable(Time('When it was last used, exact to about a minute; `null`: never.')),
  createdAt: Time('When it was created.'),
}

const exampleKey = {
  id: 'cmi9q2x7f5s7u9w1y3a5c7e9g', name: 'n8n', prefix: 'hilo_Zk3x', scopes: ['messages:write' as const],
  expiresAt: null, revokedAt: null, lastUsedAt: '2026-03-02T10:00:00.000Z', createdAt: '2026-03-01T12:00:00.000Z',
}

/** An API key as it is listed: never the key itself. */
export const ApiKey = Type.Object(keyFields, { examples: [exampleKey] })
export type ApiKey = Static<typeof ApiKey>

/** A new API key: the one time that the key itself is shown. */
export const CreatedApiKey = Type.Object({
  ...keyFields,
  key: Type.String({ description: 'The key. Keep it now: it is stored as a hash only and never shown again.' }),
}, { examples: [{ ...exampleKey, lastUsedAt: null, key: 'hilo_Zk3xExampleExampleExampleExampleExample1' }] })
export type CreatedApiKey = Static<typeof CreatedApiKey>

/** Body of `POST /api/api-keys`. */
export const NewApiKeyBody = Type.Object({
  name: Name('Name for people: who or what uses it.'),
  scopes: scopeList,
  expiresAt: Type.Optional(Type.Unsafe<string | null>({
    type: ['string', 'null'], format: 'date-time', description: 'When it stops working, ISO 8601; never when absent.',
  })),
}, { examples: [{ name: 'n8n', scopes: ['messages:write'] }] })
export type NewApiKeyBody = Static<typeof NewApiKeyBody>

export const ApiKeysQuery = PageQuery({})
export type ApiKeysQuery = Static<typeof ApiKeysQuery>

export const ApiKeysPage = Page(ApiKey, 'API keys, newest first, with the revoked and expired ones.')
export type ApiKeysPage = Static<typeof ApiKeysPage>
