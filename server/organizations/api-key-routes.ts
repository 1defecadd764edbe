import { ApiKeysPage, ApiKeysQuery, CreatedApiKey, NewApiKeyBody } from '@hilo/contract'
import Type from 'typebox'
import { inOrganization } from '../database/transactions.ts'
import { HiloError } from '../errors.ts'
import { errorResponses } from '../http/error-responses.ts'
import type { Routes, Services } from '../http/hilo-app.ts'
import { createApiKey } from './create-api-key.ts'
import type { CallerFinder } from './find-caller.ts'
import { isWithinYears } from './key-expiry.ts'
import { listApiKeys, readApiKey } from './list-api-keys.ts'
import { revokeApiKey } from './revoke-api-key.ts'

const tags = ['API keys']
const config = { scope: 'admin' } as const

const createSchema = {
  tags,
  summary: 'Create an API key',
  description: 'The answer is the only place where the key itself is ever shown.',
  body: NewApiKeyBody,
  response: { 201: CreatedApiKey, ...errorResponses('INVALID_REQUEST') },
}

const listSchema = {
  tags,
  summary: 'List the API keys',
  querystring: ApiKeysQuery,
  response: { 200: ApiKeysPage, ...errorResponses('INVALID_REQUEST') },
}

const revokeSchema = {
  tags,
  summary: 'Revoke an API key',
  description: 'At once on this process; other processes on the same database know within 5 seconds. Revoking twice does '
    + 'no harm. A key may revoke itself; after the last key with `admin`, '
    + '`npx hilo keys create --name "new key" --scopes admin` makes a new one.',
  params: Type.Object({ id: Type.String({ description: 'Id of the key, not the key itself.' }) }),
  response: { 204: Type.Null({ description: 'Revoked.' }), ...errorResponses('NOT_FOUND') },
}

function readExpiry(expiresAt: string | null | undefined): Date | undefined {
  if (!expiresAt) return undefined
  const time = new Date(expiresAt)
  const problem = !isWithinYears(time) ? `"expiresAt" is no time that can be kept: ${expiresAt}.`
    : time.getTime() <= Date.now() && `"expiresAt" must lie in the future; ${expiresAt} does not.`
  if (problem) throw new HiloError('INVALID_REQUEST', problem, { field: 'expiresAt' })
  return time
}

/** Keys of the caller's organization. */
export const apiKeyRoutes = ({ database: { db } }: Services, callers: CallerFinder): Routes => async (app) => {
  app.post('/api/api-keys', { schema: createSchema, config }, async ({ caller, body }, reply) => {
    const { organizationId, apiKeyId: actor } = caller
    const expiresAt = readExpiry(body.expiresAt)
    const created = await inOrganization(db, organizationId, async (tx) => {
      const { id, key } = await createApiKey(tx, { ...body, organizationId, expiresAt, actor })
      return { ...await readApiKey(tx, organizationId, id), key }
    })
    return reply.code(201).send(created)
  })

  app.get('/api/api-keys', { schema: listSchema, config }, ({ caller, query }) => (
    inOrganization(db, caller.organizationId, (tx) => listApiKeys(tx, caller.organizationId, query))
  ))

  app.delete('/api/api-keys/:id', { schema: revokeSchema, config }, async ({ caller, params: { id } }, reply) => {
    const { organizationId, apiKeyId: actor } = caller
    const keyHash = await inOrganization(db, organizationId, (tx) => revokeApiKey(tx, { organizationId, id, actor }))
    callers.forget({ keyHash, organizationId, apiKeyId: id })
    return reply.code(204).send(null)
  })
}
