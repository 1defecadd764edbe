import type { FastifyRequest } from 'fastify'
import { HiloError } from '../errors.ts'
import { isToken, type TokenSigner } from '../tokens/sign-token.ts'
import { hashApiKey } from './api-key-secret.ts'
import type { Credential } from './find-caller.ts'

/** The key or token of `Authorization: Bearer …`; the scheme in any case. */
function readBearer(authorization: string | undefined): string | undefined {
  return /^bearer +([\x21-\x7e]{1,2048}) *$/i.exec(authorization ?? '')?.[1]
}

/** Only where the route says so, and only a token: URLs are kept in histories and logs, no place for an API key. */
function readFromQuery({ routeOptions, query }: FastifyRequest): string | undefined {
  if (!routeOptions.config.isTokenInQuery) return undefined
  const { token } = query as { token?: unknown }
  if (typeof token !== 'string' || token === '') return undefined
  if (isToken(token)) return token
  throw new HiloError('UNAUTHORIZED', '"token" in the query string must be a token from POST /api/tokens. An API key '
    + 'never belongs in a URL: if this is one, revoke it.', { field: 'token' })
}

function explainMissing({ headers: { authorization } }: FastifyRequest): string {
  return authorization === undefined
    ? 'The API key is missing. Send it in the header "Authorization: Bearer YOUR_KEY".'
    : 'The header does not read "Authorization: Bearer YOUR_KEY".'
}

/**
 * What a request shows to be let in.
 * @throws HiloError UNAUTHORIZED if it is missing or malformed, or a token that has expired or is not ours.
 */
export function readCredential(request: FastifyRequest, signer: TokenSigner): Credential {
  const text = readBearer(request.headers.authorization) ?? readFromQuery(request)
  if (text === undefined) throw new HiloError('UNAUTHORIZED', explainMissing(request))
  if (!isToken(text)) return { keyHash: hashApiKey(text) }
  const token = signer.read(text)
  if (!token) {
    throw new HiloError('UNAUTHORIZED', 'This token was not made here, or not all of it was sent. Make one with POST '
      + '/api/tokens and "Authorization: Bearer YOUR_KEY".')
  }
  if (token.expiresAt > Date.now()) return { token }
  throw new HiloError('UNAUTHORIZED', `The token expired at ${new Date(token.expiresAt).toISOString()}. Make a new one `
    + 'with POST /api/tokens and "Authorization: Bearer YOUR_KEY".')
}
