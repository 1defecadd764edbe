import { ErrorBody } from '@hilo/contract'
import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import type { FastifyContextConfig, FastifyInstance, FastifySchema, RouteOptions } from 'fastify'
import { type ErrorCode, errorCodes } from '../errors.ts'
import { describeWebhooks } from '../events/describe-webhooks.ts'
import manifest from '../package.json' with { type: 'json' }
import { allowNoBody } from './allow-no-body.ts'
import { errorCodesKey } from './error-responses.ts'

const info = {
  title: 'Hilo',
  version: manifest.version,
  description: 'One true conversation per customer across WhatsApp, Chatwoot, CRMs and n8n flows.\n\n'
    + 'Send the API key as `Authorization: Bearer KEY`. Unknown keys of a body are ignored. In ids, `null` and `""` mean '
    + 'absent. Every error has the same body: `error` is a sentence for people, `code` one of a closed list for programs.',
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
}

const tags = [
  { name: 'Messages', description: 'Record what was said, and read it back.' },
  { name: 'Answers', description: 'Ask the AI what it answers a customer.' },
  { name: 'Conversations', description: 'What was said between one customer and you, at one address or under one id.' },
  { name: 'Contacts', description: 'Customers, and the addresses they are found by.' },
  { name: 'Events', description: 'The log of changes, to read, to listen to, and as webhooks.' },
  { name: 'Agents', description: 'Those who talk with customers on your behalf.' },
  { name: 'Organization', description: 'Your organization, and who changed what in it.' },
  { name: 'Webhooks', description: 'Where events are sent, and what came of it.' },
  { name: 'API keys', description: 'Who may call this API.' },
  { name: 'Operations', description: 'For whoever runs Hilo. Open to all who reach the port.' },
]

const securitySchemes = {
  apiKey: { type: 'http', scheme: 'bearer', description: 'An API key, or a token from `POST /api/tokens`.' },
  tokenInQuery: { type: 'apiKey', in: 'query', name: 'token', description: 'A token, where no header can be sent.' },
} as const

function scopeSentences({ scope, servesBound }: FastifyContextConfig): string | undefined {
  if (scope === undefined) return undefined
  const needed = scope === 'any' ? 'Any API key will do.' : `Needs an API key with the scope \`${scope}\`.`
  return servesBound ? `${needed} A token bound to this conversation will do as well.` : needed
}

/** What any route can answer besides its own errors, by what kind of route it is. */
function commonErrors(schema: FastifySchema, hasScope: boolean): ErrorCode[] {
  const forAll: ErrorCode[] = ['INTERNAL']
  const forKeys: ErrorCode[] = ['UNAUTHORIZED', 'RATE_LIMITED', 'UNAVAILABLE', 'INVALID_REQUEST']
  const forBodies: ErrorCode[] = ['INVALID_JSON', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE']
  const forIds: ErrorCode[] = ['INVALID_ID']
  return [
    ...forAll, ...(hasScope ? forKeys : []), ...(schema.body ? forBodies : []), ...(schema.params ? forIds : []),
  ]
}

function ownErrors(responses: Record<string, unknown>): ErrorCode[] {
  return Object.values(responses).flatMap((response) => (
    (response as { [errorCodesKey]?: ErrorCode[] })[errorCodesKey] ?? []
  ))
}

const waitCodes = new Set<ErrorCode>(['RATE_LIMITED', 'UNAVAILABLE'])
const retryAfter = { type: 'integer', description: 'Seconds until it is worth trying again.' }

/** The response of one error status: what it can mean, and an example of each. */
function describeErrors(codes: readonly ErrorCode[]): object {
  const examples = codes.map((code) => [code, {
    summary: errorCodes[code].meaning,
    value: { error: errorCodes[code].meaning, code, requestId: 'cmi9q2x7g6t8v0x2z4b6d8f0h' },
  }])
  return {
    description: codes.map((code) => `\`${code}\`: ${errorCodes[code].meaning}`).join(' '),
    ...(codes.some((code) => waitCodes.has(code)) && { headers: { 'Retry-After': retryAfter } }),
    content: { 'application/json': { schema: ErrorBody, examples: Object.fromEntries(examples) } },
  }
}

function describeResponses(schema: FastifySchema, scope: string | undefined): Record<string, unknown> {
  const responses = (schema.response ?? {}) as Record<string, object>
  const scopeErrors: ErrorCode[] = scope === undefined || scope === 'any' ? [] : ['FORBIDDEN']
  const codes = new Set([...ownErrors(responses), ...scopeErrors, ...commonErrors(schema, scope !== undefined)])
  const byStatus = Object.groupBy(codes, (code) => String(errorCodes[code].status))
  const errors = Object.entries(byStatus).map(([status, ofStatus]): [string, object] => (
    [status, describeErrors(ofStatus!)]
  ))
  const others = Object.entries(responses).filter(([, response]) => !(errorCodesKey in response))
    .map(([status, response]): [string, object] => [status, response])
  return Object.fromEntries([...errors, ...others]) // `/readyz` has a 503 of its own
}

/** `GET /api/agents/:id` as `getAgentsById`. */
function operationId(method: string, url: string): string {
  const words = url.replace(/^\/(api\/)?/, '').replaceAll(':', 'by-').split(/[^A-Za-z]+/).filter(Boolean)
  const capital = (word: string) => word[0]!.toUpperCase() + word.slice(1)
  return method.toLowerCase() + words.map(capital).join('')
}

/** Marks an operation that needs no body until the document is made: @fastify/swagger calls every body required. */
const optionalBodyKey = 'x-hilo-optional-body'

const needsNoBody = ({ preValidation }: RouteOptions) => [preValidation].flat().some((hook) => hook === allowNoBody)

interface Described {
  schema: FastifySchema & { hide?: boolean }
  url: string
}

/** A route's schema with what is the same for all: key, scope, errors that any route can meet. */
function describeRoute(schema: Described['schema'] | undefined, url: string, route: RouteOptions): Described {
  if (!schema || schema.hide) return { schema: { ...schema, hide: true }, url }
  const { config = {} } = route
  const { scope, isTokenInQuery } = config
  const text = [schema.description, scopeSentences(config)].filter(Boolean).join('\n\n')
  const described: FastifySchema = {
    ...schema,
    operationId: operationId([route.method].flat()[0]!, url),
    security: scope === undefined ? [] : [{ apiKey: [] }, ...(isTokenInQuery ? [{ tokenInQuery: [] }] : [])],
    response: describeResponses(schema, scope),
    ...(text && { description: text }),
    ...(needsNoBody(route) && { [optionalBodyKey]: true }),
  }
  return { schema: described, url }
}

/** Stands for a reference until the document is made: @fastify/swagger would resolve a real one in its own way. */
const referenceKey = 'x-hilo-reference'

/** A copy of any JSON, in which `change` may replace each object, the inner ones first. */
function rewrite(value: unknown, change: (object: Record<string, unknown>) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => rewrite(item, change))
  if (typeof value !== 'object' || value === null) return value
  return change(Object.fromEntries(Object.entries(value).map(([key, child]) => [key, rewrite(child, change)])))
}

/** Each schema that has a name (`$id`) stands once, under `components`; elsewhere it is referred to. */
function createSharedSchemas() {
  const shared: Record<string, unknown> = {}
  return {
    shared,
    share: (schema: unknown) => rewrite(schema, ({ $id, ...rest }) => {
      if (typeof $id !== 'string') return rest
      shared[$id] = rest
      return { [referenceKey]: $id }
    }),
    refer: (document: unknown) => rewrite(document, ({ [optionalBodyKey]: hasOptionalBody, ...object }) => {
      if (referenceKey in object) return { $ref: `#/components/schemas/${String(object[referenceKey])}` }
      if (hasOptionalBody) return { ...object, requestBody: { ...object.requestBody as object, required: false } }
      return object.description === 'Default Response' ? { ...object, description: 'Success.' } : object
    }),
  }
}

/** The program ends at its start where a route was left without a word: the document lists them all. */
function refuseUndescribed(app: FastifyInstance): void {
  app.addHook('onRoute', ({ method, url, schema }) => {
    if (!schema?.summary && !schema?.hide) {
      throw new Error(`The route ${String(method)} ${url} has no summary for the OpenAPI document.`)
    }
  })
}

/** Gathers the routes that are registered after this; `app.swagger()` makes the OpenAPI 3.1 document of them. */
export async function describeApi(app: FastifyInstance): Promise<void> {
  refuseUndescribed(app)
  const { shared, share, refer } = createSharedSchemas()
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info,
      tags,
      servers: [{ url: '/' }],
      components: { securitySchemes },
    },
    transform: ({ schema, url, route }) => share(describeRoute(schema as Described['schema'], url, route)),
    transformObject: (made) => {
      const { openapiObject } = made as { openapiObject: { components: object } }
      const webhooks = share(describeWebhooks())
      return refer({ ...openapiObject, webhooks, components: { ...openapiObject.components, schemas: shared } })
    },
  } as FastifyDynamicSwaggerOptions)

  app.get('/openapi.json', {
    schema: { tags: ['Operations'], summary: 'This description of the API', response: { 200: {} } },
  }, () => app.swagger())
}
