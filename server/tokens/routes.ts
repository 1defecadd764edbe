import { CreatedToken, NewTokenBody } from '@hilo/contract'
import { inOrganization } from '../database/transactions.ts'
import { errorResponses } from '../http/error-responses.ts'
import type { Routes, Services } from '../http/hilo-app.ts'
import { createToken } from './create-token.ts'
import type { TokenSigner } from './sign-token.ts'

const createSchema = {
  tags: ['API keys'],
  summary: 'Make a short-lived token for a web page',
  description: 'A page never holds an API key: your server makes a token with its key and hands it to the page. A token '
    + 'reads and changes nothing; one with a `conversationId` reads that conversation, its turns and its events, and '
    + 'everything else is 403. It ends by itself, or within 5 seconds of its API key being revoked. The guide "Live '
    + 'updates in a browser page" shows it whole.',
  body: NewTokenBody,
  response: { 201: CreatedToken, ...errorResponses('INVALID_REQUEST', 'FORBIDDEN', 'NOT_FOUND') },
}

/** Tokens that the caller's API key lends to web pages. */
export const tokenRoutes = ({ database: { db } }: Services, signer: TokenSigner): Routes => async (app) => {
  app.post('/api/tokens', { schema: createSchema, config: { scope: 'any' } }, async ({ caller, body }, reply) => {
    const created = await inOrganization(db, caller.organizationId, (tx) => createToken(tx, { caller, body, signer }))
    return reply.code(201).send(created)
  })
}
