import {
  MessagesAnswer, MessagesBody, QueryAgentAnswer, QueryAgentBody, ResolveAnswer,
} from '@hilo/contract'
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { HiloError } from '../errors.ts'
import { errorResponses } from '../http/error-responses.ts'
import type { Routes, Services } from '../http/hilo-app.ts'
import { explainInWords } from '../messages/explain-in-words.ts'
import type { NewMessage, Outcome } from '../messages/new-message.ts'
import { ExplainQuery, IdempotencyHeader } from './door-schemas.ts'
import { findCallError, joinOutcomes, presentRecorded, presentResult } from './present-outcome.ts'
import { readIdempotency, readIdempotencyKey } from './read-idempotency.ts'
import { readItems } from './read-items.ts'
import { readMessage } from './read-message.ts'
import { streamAnswer } from './stream-answer.ts'

const AgentParams = Type.Object({ id: Type.String({ description: 'Id of the agent.' }) })
const scope = 'messages:write'

/** The doors of the API: what an agent (or a customer) said elsewhere, to be recorded. */
export const agentRoutes = ({ ingest }: Services): Routes => async (app) => {
  app.post('/api/agents/:id/query-agent', {
    config: { scope },
    schema: {
      tags: ['Messages'],
      summary: 'Record what an agent said',
      description: 'Adds a message of the agent (human or AI) to the history. It is recorded only, never sent to the ' +
        'customer, and the AI is not asked. With `streaming: true` the answer is one Server-Sent Event ' +
        '`endpoint_response` with the same JSON, then `[DONE]`.',
      params: AgentParams,
      querystring: ExplainQuery,
      headers: IdempotencyHeader,
      body: QueryAgentBody,
      response: {
        200: QueryAgentAnswer,
        ...errorResponses('INVALID_REQUEST', 'INVALID_ID', 'NOT_FOUND', 'CONVERSATION_MISMATCH', 'IDEMPOTENCY_KEY_REUSED'),
      },
    },
  }, async (request, reply) => {
    const message = readMessage({ ...request.body, from: 'agent' }, {
      ...context(request, request.params.id), idempotency: readIdempotency(request, readIdempotencyKey(request)),
    })
    const [outcome] = await ingest.record([message])
    if (!outcome!.ok) throw outcome!.error
    if (outcome!.isRepeat) reply.header('idempotent-replay', 'true')
    const answer = presentRecorded(outcome!, request.query.explain ?? false)
    return request.body.streaming ? streamAnswer(reply, answer) : answer
  })

  app.post('/api/agents/:id/resolve', {
    config: { scope },
    schema: {
      tags: ['Messages'],
      summary: 'Say where a message would land',
      description: 'Takes the body of query-agent, decides by the same code, and writes nothing.',
      params: AgentParams,
      body: QueryAgentBody,
      response: {
        200: ResolveAnswer,
        ...errorResponses('INVALID_REQUEST', 'INVALID_ID', 'NOT_FOUND', 'CONVERSATION_MISMATCH'),
      },
    },
  }, async (request) => {
    const outcome = await ingest.resolve(readMessage({ ...request.body, from: 'agent' }, context(request, request.params.id)))
    if (!outcome.ok) throw outcome.error
    return { resolution: outcome.resolution, summary: explainInWords(outcome.resolution) }
  })

  app.post('/api/agents/:id/messages', {
    config: { scope, checksItems: true },
    bodyLimit: 16 * 1024 * 1024,
    schema: {
      tags: ['Messages'],
      summary: 'Record up to 1,000 messages',
      description: 'Messages of both directions, for imports and batches. Each is recorded or refused for itself; ' +
        'the answer has a result for each, in order. An `Idempotency-Key` holds for each message by its place: the same ' +
        'list sent again is recorded once, and another message at a place that was used is refused there.',
      params: AgentParams,
      querystring: ExplainQuery,
      headers: IdempotencyHeader,
      body: MessagesBody,
      response: { 200: MessagesAnswer, ...errorResponses('INVALID_REQUEST', 'INVALID_ID', 'NOT_FOUND') },
    },
  }, async (request) => {
    const read = readItems(request, request.body.messages, context(request, request.params.id))
    const outcomes = joinOutcomes(read, await ingest.record(read.filter(isMessage)))
    const callError = findCallError(outcomes)
    if (callError) throw callError
    logInternal(request, outcomes)
    return { results: outcomes.map((outcome) => presentResult(outcome, request.query.explain ?? false)) }
  })
}

function isMessage(read: NewMessage | HiloError): read is NewMessage {
  return !(read instanceof HiloError)
}

/** What is our own fault must leave a trace: the caller of a list sees no more than that it failed. */
function logInternal(request: FastifyRequest, outcomes: readonly Outcome[]): void {
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.ok || outcome.error.code !== 'INTERNAL') continue
    request.log.error({ err: outcome.error.cause ?? outcome.error, index }, 'a message of a list failed inside Hilo')
  }
}

function context({ caller }: FastifyRequest, agentId: string) {
  return { caller, agentId, receivedAt: new Date() }
}
