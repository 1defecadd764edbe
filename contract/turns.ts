import Type, { type Static } from 'typebox'
import { Nullable, Page, Time } from './common.ts'

/** Why a turn ended. All but `answered` mean that the AI was silent. */
export const turnOutcomes = [
  'answered',
  /** The AI is off in the conversation. */
  'ai_off',
  /** A human wrote, or took over, while the model worked. */
  'human_took_over',
  /** The customer wrote on and on: no answer was the newest. */
  'overtaken',
  /** The caller went away. */
  'aborted',
  /** The process ended. */
  'interrupted',
  'failed',
] as const
export type TurnOutcome = (typeof turnOutcomes)[number]

const Ids = (description: string) => Type.Array(Type.String(), { description })

const TurnError = Type.Object({
  code: Type.String({ description: 'For programs, one of the error codes in the documentation.' }),
  message: Type.String({ description: 'For people.' }),
}, { description: 'What went wrong; `null`: nothing did.' })

const TurnUsage = Type.Object({
  promptTokens: Type.Integer({ description: 'Tokens that the model read.' }),
  completionTokens: Type.Integer({ description: 'Tokens that it wrote.' }),
  totalTokens: Type.Integer({ description: 'Both together.' }),
  cost: Type.Number({ description: 'US dollars; 0 where the price of the model is not known.' }),
}, { description: 'As the provider of the model counts.' })

const TurnToolCall = Type.Object({
  name: Type.String({ description: 'Name of the tool.' }),
  arguments: Type.Unsafe<Record<string, unknown>>({
    type: 'object', additionalProperties: true, description: 'What it was called with.',
  }),
})

/** One attempt of the AI to answer. */
export const Turn = Type.Object({
  id: Type.String({ description: 'Id of the turn.' }),
  agentId: Type.String({ description: 'Agent that was asked.' }),
  messageIds: Ids('The customer\'s messages that it is to answer.'),
  seenSeq: Type.Integer({ description: 'Number of the newest message when the model was last asked.' }),
  seenMessageIds: Ids('The messages that the model was shown.'),
  attempt: Type.Integer({ description: 'How often the model was asked: again whenever something newer arrived.' }),
  model: Nullable(Type.String({ description: 'Model that was asked last; `null`: none was.' })),
  outcome: Type.Unsafe<TurnOutcome | null>({
    enum: [...turnOutcomes, null],
    description: '`null` while it runs. `ai_off`: the AI is off; `human_took_over`: a human wrote or took over '
      + 'meanwhile; `overtaken`: the customer wrote on and on; `aborted`: the caller went away; `interrupted`: the '
      + 'process ended; `failed`: see `error`.',
  }),
  error: Nullable(TurnError),
  usage: TurnUsage,
  toolCalls: Type.Array(TurnToolCall, { description: 'Tools that the model asked for.' }),
  answerIds: Ids('The messages of the answer.'),
  startedAt: Time('When it began.'),
  finishedAt: Nullable(Time('When it was through; `null` while it runs.')),
  durationMs: Nullable(Type.Integer({ description: 'How long it took, in milliseconds; `null` while it runs.' })),
}, {
  $id: 'Turn',
  examples: [{
    id: 'cmi9q2x7d3q5s7u9w1y3a5c7e', agentId: 'cmi9q1a2b3c4d5e6f7g8h9i0j',
    messageIds: ['cmi9q2x7a1k3v8d1w5r6t9y2z'], seenSeq: 3,
    seenMessageIds: ['cmi9q2x7a0k3v8d1w5r6t9y2z', 'cmi9q2x7a1k3v8d1w5r6t9y2z'], attempt: 1, model: 'gpt-4o-mini',
    outcome: 'answered', error: null,
    usage: { promptTokens: 812, completionTokens: 40, totalTokens: 852, cost: 0.00015 },
    toolCalls: [{ name: 'find_order', arguments: { number: '4711' } }], answerIds: ['cmi9q2x7a2k3v8d1w5r6t9y2z'],
    startedAt: '2026-03-02T14:05:07.402Z', finishedAt: '2026-03-02T14:05:10.118Z', durationMs: 2716,
  }],
})
export type Turn = Static<typeof Turn>

/** Answer of `GET /api/conversations/{id}/turns`. */
export const TurnPage = Page(Turn, 'Turns, newest first.')
export type TurnPage = Static<typeof TurnPage>
