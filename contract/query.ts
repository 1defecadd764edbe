import Type, { type Static } from 'typebox'
import { conversationStatuses } from './conversations.ts'
import { OptionalBoolean, OptionalText } from './common.ts'
import { customerMessageFields, Resolution } from './query-agent.ts'

const OptionalNumber = (description: string, range: { minimum?: number, maximum?: number }) =>
  Type.Optional(Type.Unsafe<number | null>({ type: ['number', 'null'], description, ...range }))

const WebhookUrl = (description: string) => Type.Optional(OptionalText(description, { maxLength: 4096 }))

/** Body of `POST /api/agents/{agentId}/query`. */
export const QueryBody = Type.Object({
  ...customerMessageFields,
  query: Type.String({
    description: 'What the customer wrote, at most 64 KiB. May be empty when there is an attachment.',
  }),
  streaming: Type.Optional(OptionalBoolean('Answer as Server-Sent Events, piece by piece.')),
  context: Type.Optional(OptionalText('Added to the instructions of the AI, for this call.', { maxLength: 65536 })),
  systemPrompt: Type.Optional(OptionalText(
    "Instead of the agent's own, for this call. Empty: the agent's own. `promptType: \"raw\"` goes before it.",
    { maxLength: 65536 },
  )),
  promptType: Type.Optional(Type.Unsafe<string | null>({
    enum: ['raw', 'customer_support', '', null], deprecated: true,
    description: '`raw`: no instructions at all, and `promptTemplate` stands for the message of the customer.',
  })),
  promptTemplate: Type.Optional(Type.Unsafe<string | null>({
    type: ['string', 'null'], maxLength: 65536, deprecated: true,
    description: 'With `promptType: "raw"`; `{query}` in it is the message of the customer.',
  })),
  userPrompt: Type.Optional(Type.Unsafe<string | null>({
    type: ['string', 'null'], maxLength: 65536, deprecated: true,
    description: 'Stands for the message of the customer; `{query}` in it is that message.',
  })),
  modelName: Type.Optional(OptionalText("Instead of the name of the agent's model, of the same provider.", { maxLength: 256 })),
  temperature: OptionalNumber("0 to 1; the agent's own when absent.", { minimum: 0, maximum: 1 }),
  maxTokens: Type.Optional(Type.Unsafe<number | null>({
    type: ['integer', 'null'], minimum: 1, maximum: 1_000_000, description: 'Most tokens of the answer.',
  })),
  topP: OptionalNumber('0 to 1.', { minimum: 0, maximum: 1 }),
  presencePenalty: OptionalNumber('-2 to 2.', { minimum: -2, maximum: 2 }),
  frequencyPenalty: OptionalNumber('-2 to 2.', { minimum: -2, maximum: 2 }),
  webhookUrl: WebhookUrl(
    'Asynchronous: the call returns at once, and the answer goes to this address as a signed webhook: the events '
    + '`message.created`, or `turn.failed` or `turn.finished` where there is none, with the secret of the agent\'s webhook '
    + 'endpoint of the kind `answers`. `https`, a public address. `webhook_url` and `callbackUrl` are the same.',
  ),
  webhook_url: WebhookUrl('See `webhookUrl`.'),
  callbackUrl: WebhookUrl('See `webhookUrl`.'),
}, {
  examples: [{
    query: 'Where is my order?', channel: 'whatsapp', visitorId: '5491155550000', context: 'The customer is in Rosario.',
  }, {
    query: 'Where is my order?', channel: 'whatsapp', visitorId: '5491155550000',
    webhookUrl: 'https://flows.example.com/answers',
  }],
})
export type QueryBody = Static<typeof QueryBody>

const count = (description: string) => Type.Integer({ description })

const answerFields = {
  answer: Type.String({ description: 'What the AI said; empty where it gave no answer.' }),
  usage: Type.Object({
    completionTokens: count('Of the answer.'),
    promptTokens: count('Of what the model was told.'),
    totalTokens: count('Both.'),
    cost: Type.Number({ description: 'US dollars, by HILO_MODEL_PRICES; 0 where the model has no price there.' }),
  }, { description: 'As the provider counts.' }),
  sources: Type.Array(Type.Unknown(), { description: 'Always empty: Hilo has no datasources.' }),
  approvals: Type.Array(Type.Object({
    id: Type.String({ description: 'For `POST /api/approvals/{id}/approve` and `…/reject`.' }),
    tool: Type.String({ description: 'Name of the tool.' }),
    payload: Type.Record(Type.String(), Type.Unknown(), { description: 'Its arguments.' }),
  }), { description: 'Calls of tools that wait for a person.' }),
}

const placeFields = {
  messageId: Type.String({ description: "Id of the answer; where there is none, of the customer's message." }),
  conversationId: Type.String({ description: 'The conversation really written; send it with the next message.' }),
  visitorId: Type.String({ description: 'As sent, or generated.' }),
  request_human: Type.Boolean({ description: 'The AI is off in this conversation: a human is wanted or at work.' }),
  status: Type.Enum([...conversationStatuses], { description: 'Status of the conversation.' }),
}

const AnswerMetadata = Type.Object({
  turnId: Type.Optional(Type.String({ description: 'The turn that answered; see `GET /api/conversations/{id}/turns`.' })),
  outcome: Type.Optional(Type.Enum(['ai_off', 'human_took_over', 'overtaken', 'answered'], {
    description: 'Why there is no answer: the AI is off, a human came in, or the customer wrote on; `answered`: the '
      + 'model only did something.',
  })),
  answeredTogether: Type.Optional(count('Messages of the customer that this one answer is for, if more than one.')),
  isNewest: Type.Optional(Type.Boolean({
    description: 'With `answeredTogether`: this call brought the newest of those messages. Each of the calls gets the '
      + 'answer; whoever sends it to the customer does so for this one only.',
  })),
})

/** Answer of `POST /api/agents/{agentId}/query`; in the asynchronous mode without what only an answer has. */
export const QueryAnswer = Type.Object({
  ...Type.Partial(Type.Object(answerFields)).properties,
  ...placeFields,
  metadata: Type.Optional(AnswerMetadata),
  resolution: Type.Optional(Resolution),
}, {
  examples: [{
    answer: 'It left yesterday and arrives tomorrow.',
    usage: { completionTokens: 28, promptTokens: 1250, totalTokens: 1278, cost: 0.0064 },
    sources: [], approvals: [],
    messageId: 'cmi9q2x7a0k3v8d1w5r6t9y2z', conversationId: 'cmi9q2x79b4n6m1q8s3f7h0j5', visitorId: '5491155550000',
    request_human: false, status: 'UNRESOLVED', metadata: { turnId: 'cmi9q2x7b1l4w9e2x6s7u0z3a' },
  }, { // in the asynchronous mode, at once
    messageId: 'cmi9q2x791j2u7c0v4q5s8x1y', conversationId: 'cmi9q2x79b4n6m1q8s3f7h0j5', visitorId: '5491155550000',
    request_human: false, status: 'UNRESOLVED',
  }],
})
export type QueryAnswer = Static<typeof QueryAnswer>
