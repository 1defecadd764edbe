import {
  NewWebhookEndpointBody, RedeliverBody, Redelivery, RotateSecretBody, WebhookAttempt, WebhookAttemptsPage,
  WebhookAttemptsQuery, WebhookEndpoint, WebhookEndpointChange, WebhookEndpointsPage, WebhookEndpointsQuery,
  WebhookEndpointWithSecret,
} from '@hilo/contract'
import Type from 'typebox'
import { inOrganization } from '../database/transactions.ts'
import { assertAllowedUrl } from '../guarded-client/check-url.ts'
import { allowNoBody } from '../http/allow-no-body.ts'
import { errorResponses } from '../http/error-responses.ts'
import type { Routes, Services } from '../http/hilo-app.ts'
import { listNewest } from '../http/list-newest.ts'
import { accessEndpoint, presentEndpoint } from './access-endpoint.ts'
import { changeEndpoint } from './change-endpoint.ts'
import { createEndpoint } from './create-endpoint.ts'
import { deleteEndpoint } from './delete-endpoint.ts'
import { listAttempts } from './list-attempts.ts'
import { redeliver } from './redeliver.ts'
import { rotateSecret } from './rotate-secret.ts'
import { testEndpoint } from './test-endpoint.ts'

const tags = ['Webhooks']
const config = { scope: 'admin' } as const
const params = Type.Object({ id: Type.String({ description: 'Id of the endpoint.' }) })

const createSchema = {
  tags,
  summary: 'Create a webhook endpoint',
  description: 'Every event from now on is posted to its URL, signed as Standard Webhooks has it. The answer is the only '
    + 'place where the secret is shown.',
  body: NewWebhookEndpointBody,
  response: { 201: WebhookEndpointWithSecret, ...errorResponses('INVALID_REQUEST') },
}

const listSchema = {
  tags,
  summary: 'List the webhook endpoints',
  description: 'Also those of `kind: "answers"`: one for each agent that was asked asynchronously, or is set so.',
  querystring: WebhookEndpointsQuery,
  response: { 200: WebhookEndpointsPage, ...errorResponses('INVALID_REQUEST') },
}

const showSchema = {
  tags,
  summary: 'Read a webhook endpoint',
  params,
  response: { 200: WebhookEndpoint, ...errorResponses('NOT_FOUND') },
}

const changeSchema = {
  tags,
  summary: 'Change a webhook endpoint',
  description: 'Enabling one sends what was missed meanwhile, as far back as the log reaches. Another `url` gets at once '
    + 'what waits for its next try. Other filters hold for what comes: what waits already is sent all the same.',
  params,
  body: WebhookEndpointChange,
  response: { 200: WebhookEndpoint, ...errorResponses('INVALID_REQUEST', 'NOT_FOUND') },
}

const deleteSchema = {
  tags,
  summary: 'Delete a webhook endpoint',
  description: 'What waits for it is not sent any more. An endpoint of `kind: "answers"` stays with its agent.',
  params,
  response: { 204: Type.Null({ description: 'Deleted.' }), ...errorResponses('INVALID_REQUEST', 'NOT_FOUND') },
}

const rotateSchema = {
  tags,
  summary: 'Give a webhook endpoint a new secret',
  description: 'For `overlapSeconds` what is sent carries two signatures, with the new and with the old secret.',
  params,
  body: RotateSecretBody,
  response: { 200: WebhookEndpointWithSecret, ...errorResponses('INVALID_REQUEST', 'NOT_FOUND') },
}

const testSchema = {
  tags,
  summary: 'Send a test to a webhook endpoint',
  description: 'Posts an event of the type `webhook.test` at once, also to a disabled endpoint, and answers what came of '
    + 'it. A test is not tried again and counts for nothing. Of `kind: "answers"`, it goes to the '
    + '`conversationalMode.webhookUrl` of the agent.',
  params,
  response: { 200: WebhookAttempt, ...errorResponses('INVALID_REQUEST', 'NOT_FOUND') },
}

const attemptsSchema = {
  tags,
  summary: 'List the attempts of a webhook endpoint',
  params,
  querystring: WebhookAttemptsQuery,
  response: { 200: WebhookAttemptsPage, ...errorResponses('INVALID_REQUEST', 'NOT_FOUND') },
}

const redeliverSchema = {
  tags,
  summary: 'Send events again',
  description: 'One event, all that failed, or a range; from a range only what the endpoint wants. Whoever has had an '
    + 'event knows it again by its `id`. While the endpoint is disabled, they wait.',
  params,
  body: RedeliverBody,
  response: { 200: Redelivery, ...errorResponses('INVALID_REQUEST', 'NOT_FOUND') },
}

/** Endpoints of the caller's organization. */
export const webhookRoutes = ({ config: settings, database: { db }, webhooks }: Services): Routes => async (app) => {
  const { encryption } = webhooks
  const allowPrivate = settings.allowPrivateTargets

  app.post('/api/webhook-endpoints', { schema: createSchema, config }, async ({ caller, body }, reply) => {
    assertAllowedUrl(body.url, { allowPrivate })
    const { organizationId, apiKeyId: actor } = caller
    const created = await inOrganization(db, organizationId, (tx) => (
      createEndpoint(tx, { organizationId, actor, encryption, settings: body })
    ))
    webhooks.lookAround()
    return reply.code(201).send(created)
  })

  app.get('/api/webhook-endpoints', { schema: listSchema, config }, ({ caller: { organizationId }, query }) => (
    inOrganization(db, organizationId, (tx) => (
      listNewest(tx, 'webhook_endpoints', { organizationId, query, present: presentEndpoint })
    ))
  ))

  app.get('/api/webhook-endpoints/:id', { schema: showSchema, config }, ({ caller, params: { id } }) => {
    const { organizationId } = caller
    return inOrganization(db, organizationId, async (tx) => (
      presentEndpoint(await accessEndpoint(tx, { organizationId, id }))
    ))
  })

  app.patch('/api/webhook-endpoints/:id', { schema: changeSchema, config }, async ({ caller, params: { id }, body }) => {
    if (body.url !== undefined) assertAllowedUrl(body.url, { allowPrivate })
    const { organizationId, apiKeyId: actor } = caller
    const changed = await inOrganization(db, organizationId, (tx) => (
      changeEndpoint(tx, { organizationId, id, actor, change: body })
    ))
    webhooks.lookAround()
    return changed
  })

  app.delete('/api/webhook-endpoints/:id', { schema: deleteSchema, config }, async ({ caller, params: { id } }, reply) => {
    const { organizationId, apiKeyId: actor } = caller
    await inOrganization(db, organizationId, (tx) => deleteEndpoint(tx, { organizationId, id, actor }))
    return reply.code(204).send(null)
  })

  app.post('/api/webhook-endpoints/:id/rotate-secret', {
    schema: rotateSchema, config, preValidation: allowNoBody,
  }, (request) => {
    const { caller: { organizationId, apiKeyId: actor }, params: { id }, body: { overlapSeconds = 86_400 } } = request
    return inOrganization(db, organizationId, (tx) => (
      rotateSecret(tx, { organizationId, id, actor, encryption, overlapSeconds })
    ))
  })

  app.post('/api/webhook-endpoints/:id/test', { schema: testSchema, config }, ({ caller, params: { id } }) => (
    testEndpoint(db, { organizationId: caller.organizationId, id, send: webhooks.send })
  ))

  app.get('/api/webhook-endpoints/:id/attempts', { schema: attemptsSchema, config }, (request) => {
    const { caller: { organizationId }, params: { id }, query } = request
    return inOrganization(db, organizationId, (tx) => listAttempts(tx, { organizationId, id }, query))
  })

  app.post('/api/webhook-endpoints/:id/redeliver', { schema: redeliverSchema, config }, async (request) => {
    const { caller: { organizationId }, params: { id }, body } = request
    const redelivery = await inOrganization(db, organizationId, (tx) => redeliver(tx, { organizationId, id }, body))
    webhooks.lookAround()
    return redelivery
  })
}
