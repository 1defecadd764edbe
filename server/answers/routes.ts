import { type QueryAnswer, QueryAnswer as QueryAnswerSchema, QueryBody } from '@hilo/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { ExplainQuery, IdempotencyHeader } from '../agents/door-schemas.ts'
import { readIdempotency, readIdempotencyKey } from '../agents/read-idempotency.ts'
import { readMessage } from '../agents/read-message.ts'
import { inOrganization } from '../database/transactions.ts'
import { assertAllowedUrl } from '../guarded-client/check-url.ts'
import { toHiloError } from '../http/error-handler.ts'
import { errorResponses } from '../http/error-responses.ts'
import type { Routes, Services } from '../http/hilo-app.ts'
import type { NewMessage, Outcome } from '../messages/new-message.ts'
import { AnswerStream } from './answer-stream.ts'
import type { AnswerListener, Asked } from './answers.ts'
import { isAiOff } from './is-ai-off.ts'
import { assertFromCustomer } from './open-again.ts'
import { presentAccepted, presentAnswer } from './present-answer.ts'
import { readQuestion } from './read-question.ts'

const schema = {
  tags: ['Answers'],
  summary: 'Ask the AI',
  description: 'Records what the customer wrote, by the rules of query-agent, and answers with what the AI says, which it '
    + 'reads the whole conversation for. Where the AI is off, or a human comes in meanwhile, `answer` is empty and '
    + '`request_human` true. The answer joins the conversation only if nothing newer arrived; else the AI begins again. '
    + 'With `streaming: true`: Server-Sent Events `answer` (pieces), `tool_call`, `endpoint_response` (everything), then '
    + '`[DONE]`; an error is a line `data: [ERROR]` with a sentence. With `webhookUrl`, or where the agent is set so, the '
    + 'call returns at once and the answer goes to that address, as the events `message.created`, or where there is none '
    + '`turn.failed` or `turn.finished`, signed and sent again like those of webhook endpoints.',
  params: Type.Object({ id: Type.String({ description: 'Id of the agent that answers.' }) }),
  querystring: ExplainQuery,
  headers: IdempotencyHeader,
  body: QueryBody,
  response: {
    200: QueryAnswerSchema,
    ...errorResponses(
      'INVALID_REQUEST', 'INVALID_ID', 'NOT_FOUND', 'CONVERSATION_MISMATCH', 'IDEMPOTENCY_KEY_REUSED',
      'TURN_IN_PROGRESS', 'MODEL_NOT_CONFIGURED', 'MODEL_UNAVAILABLE', 'USAGE_LIMIT',
    ),
  },
}

type Settled = Extract<Outcome, { ok: true }>

interface Recorded {
  outcome: Settled
  asked: Asked
}

/** The door of the AI. */
export const answerRoutes = (services: Services): Routes => async (app) => {
  const { config, database: { db }, answers, webhooks } = services
  const record = async (message: NewMessage): Promise<Recorded> => {
    const outcome = await answers.record(message)
    if (!outcome.ok) throw outcome.error
    const { organizationId, apiKeyId, agentId } = message
    const { recorded: { conversationId, messageId }, isRepeat, claimed: begun } = outcome
    const question = outcome.question!
    const address = { organizationId, messageId }
    if (isRepeat) await inOrganization(db, organizationId, (tx) => assertFromCustomer(tx, address))
    return {
      outcome, asked: { organizationId, conversationId, messageId, isRepeat, question, agentId, apiKeyId, begun },
    }
  }

  app.post('/api/agents/:id/query', { schema, config: { scope: 'messages:write' } }, async (request, reply) => {
    const { caller, body, params: { id: agentId }, query: { explain = false } } = request
    const message = readMessage({ ...body, isDraft: undefined, author: undefined, from: 'contact' }, {
      caller, agentId, receivedAt: new Date(), idempotency: readIdempotency(request, readIdempotencyKey(request)),
    })
    const question = readQuestion(body)
    if (question.webhookUrl !== undefined) {
      assertAllowedUrl(question.webhookUrl, { allowPrivate: config.allowPrivateTargets, field: 'webhookUrl' })
      await webhooks.prepareAnswers({ organizationId: caller.organizationId, agentId, actor: caller.apiKeyId })
    }
    const { outcome, asked } = await record({ ...message, question })
    if (outcome.isRepeat) reply.header('idempotent-replay', 'true')
    const present = (answer: QueryAnswer): QueryAnswer => (
      explain ? { ...answer, resolution: outcome.resolution } : answer
    )
    if (asked.question.isAsync) {
      await answers.begin(asked)
      const isOff = await inOrganization(db, caller.organizationId, (tx) => isAiOff(tx, asked))
      return present(presentAccepted(outcome.recorded, isOff))
    }
    const finish = async (hears: Omit<AnswerListener, 'signal'>): Promise<QueryAnswer> => (
      present(presentAnswer(await answers.ask(asked, { ...hears, signal: untilGone(reply) }), outcome.recorded))
    )
    return body.streaming ? stream(request, reply, finish) : finish({})
  })
}

/** Aborts when the client goes away before it has its answer. */
function untilGone(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  const { raw } = reply
  if (raw.destroyed) controller.abort()
  raw.once('close', () => {
    if (!raw.writableFinished) controller.abort()
  })
  return controller.signal
}

/** What is wrong with the request was answered before; from here on the status is 200. */
async function stream(
  request: FastifyRequest, reply: FastifyReply, finish: (hears: Omit<AnswerListener, 'signal'>) => Promise<QueryAnswer>,
): Promise<void> {
  reply.hijack()
  const events = new AnswerStream(reply.raw, reply.getHeaders() as Record<string, string>)
  try {
    events.end(await finish({
      onText: (piece) => events.say(piece),
      onToolCall: (call) => events.callTool(call),
      onRestart: () => events.restart(),
    }))
  } catch (error) {
    const { code, message, cause } = toHiloError(error, request)
    request.errorCode = code
    if (code === 'INTERNAL') request.log.error({ err: cause ?? error }, 'an answer failed inside Hilo')
    events.fail(message)
  }
}
