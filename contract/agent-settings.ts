import Type, { type Static, type TObject } from 'typebox'
import { OptionalBoolean, OptionalText } from './common.ts'

/** A part of the settings in a body: `null` brings back the default. */
const OptionalObject = <Schema extends TObject>(schema: Schema, description: string) => (
  Type.Optional(Type.Unsafe<Static<Schema> | null>({ ...schema, type: ['object', 'null'], description }))
)

const NullableObject = <Schema extends TObject>(schema: Schema, description: string) => (
  Type.Unsafe<Static<Schema> | null>({ ...schema, type: ['object', 'null'], description })
)

interface Range {
  minimum: number
  maximum: number
}

const OptionalNumber = (description: string, range: Range) => (
  Type.Optional(Type.Unsafe<number | null>({ type: ['number', 'null'], ...range, description }))
)
const OptionalInteger = (description: string, range: Range) => (
  Type.Optional(Type.Unsafe<number | null>({ type: ['integer', 'null'], ...range, description }))
)
const OptionalSwitch = (description: string) => Type.Optional(OptionalBoolean(description))
const NullableNumber = (description: string) => Type.Unsafe<number | null>({ type: ['number', 'null'], description })
const NullableInteger = (description: string) => Type.Unsafe<number | null>({ type: ['integer', 'null'], description })

/** Whose API a model is called by. */
export const modelProviders = ['openai', 'anthropic', 'openai-compatible'] as const
const penalty = { minimum: -2, maximum: 2 }

const text = {
  model: 'The model that answers; `null`: none, and no question is answered.',
  fallbackModel: 'Asked where `model` fails before its first word; `null`: none.',
  provider: 'Whose API it is; `openai-compatible` is any server that speaks like OpenAI\'s, such as Ollama, vLLM or a '
    + 'gateway.',
  modelName: 'As the provider names it, such as `gpt-4o-mini`.',
  baseUrl: 'Address of the API, such as `https://gateway.example.com/v1`; needed for `openai-compatible`, else the '
    + 'provider\'s own when absent.',
  temperature: '0 to 1; the provider\'s default when absent.',
  maxTokens: 'Most tokens of one answer; the provider\'s default when absent.',
  topP: '0 to 1; the provider\'s default when absent.',
  penalty: '-2 to 2; the provider\'s default when absent.',
  acceptsImages: 'Whether it can be shown images; when absent, `true` but for `openai-compatible`.',
  acceptsTools: 'Whether it can use tools; `false`: it is offered none, not even the built-in ones, so it can neither ask for '
    + 'a human nor resolve a conversation. `true` when absent.',
  modelTimeoutMs: 'Longest time of one request, to the last token, in milliseconds: 1000 to 600000, 60000 when absent.',
  historyLimit: 'Most messages of the history that the model sees: 1 to 200, 24 by default.',
  historyTokens: 'About how many tokens of the history it sees at most, the newest ones: 500 to 1000000, 16000 by default.',
  burstWindowMs: 'Messages of the customer that follow each other within this time, in milliseconds, get one answer: 0 to '
    + '60000; 0, the default: each its own.',
  burstMaxWaitMs: 'However long they go on, an answer is begun after this time, in milliseconds: 0 to 300000, 30000 by '
    + 'default.',
  takeover: 'How long the AI is quiet after a human wrote.',
  policy: '`never`: it is not; `minutes`: that long after the human\'s last message; `until_handed_back`, the default: until '
    + 'the conversation is handed back or resolved.',
  minutes: 'Needed for `minutes`: 1 to 100000.',
  onModelFailure: 'What follows when the model fails: `error`, the default: an error; `request_human`: the conversation '
    + 'is marked `HUMAN_REQUESTED` as well.',
  dailySpendLimit: 'US dollars that its models may cost on one day (UTC); `null`, the default: no limit. Needs a '
    + 'price of `model` and `fallbackModel` in `HILO_MODEL_PRICES`; no `modelName` without one is asked.',
  tools: 'What the AI can call besides the built-in `request_human` and `mark_as_resolved`; at most 32, 128 KiB in all.',
  toolName: 'Unique: 1 to 64 letters, digits, `_` and `-`.',
  toolDescription: 'What it does and when to use it; the AI reads it.',
  parameters: 'JSON Schema of its arguments: an object with `type: "object"`; no arguments when absent.',
  method: 'How the URL is called. Arguments that have no place in the URL go into the query string of `GET` and '
    + '`DELETE`, and as JSON into the body of the others. `POST` when absent.',
  url: 'What is called. `{argument}` in its path or query stands for the value of an argument.',
  headers: 'Values are write-only and kept encrypted; answers show `null` for each. Send `null` to keep what is stored, '
    + 'as long as tool, scheme, host and port stay the same. Hilo adds `X-Hilo-Agent-Id`, `X-Hilo-Conversation-Id` and, '
    + 'where it is known, `X-Hilo-Contact-Id`: who the call is for, which the AI cannot choose. No other header may begin '
    + 'with `X-Hilo-`.',
  toolTimeoutMs: 'Longest time of one call, in milliseconds: 1000 to 120000, 15000 when absent.',
  requiresApproval: 'Whether a person has to allow each call; `false` when absent.',
  conversationalMode: 'Asynchronous answers: a call returns at once, its answer is posted to `webhookUrl`.',
  isEnabled: 'Whether the agent answers so without being asked to.',
  webhookUrl: 'Where answers are posted to, unless the call names another URL.',
  splitsAnswers: 'Whether a long answer is split into several messages; `false` when absent.',
}

const ModelInput = Type.Object({
  provider: Type.Enum([...modelProviders], { description: text.provider }),
  name: Type.String({ minLength: 1, maxLength: 256, description: text.modelName }),
  baseUrl: Type.Optional(OptionalText(text.baseUrl, { maxLength: 2048 })),
  apiKey: Type.Optional(Type.Unsafe<string | null>({
    type: ['string', 'null'], minLength: 1, maxLength: 4096,
    description: 'Write-only, kept encrypted. Absent or `null`: the stored one stays, as long as `provider` and '
      + '`baseUrl` stay the same; else there is none.',
  })),
  temperature: OptionalNumber(text.temperature, { minimum: 0, maximum: 1 }),
  maxTokens: OptionalInteger(text.maxTokens, { minimum: 1, maximum: 1_000_000 }),
  topP: OptionalNumber(text.topP, { minimum: 0, maximum: 1 }),
  presencePenalty: OptionalNumber(text.penalty, penalty),
  frequencyPenalty: OptionalNumber(text.penalty, penalty),
  acceptsImages: OptionalSwitch(text.acceptsImages),
  acceptsTools: OptionalSwitch(text.acceptsTools),
  timeoutMs: OptionalInteger(text.modelTimeoutMs, { minimum: 1000, maximum: 600_000 }),
})
export type ModelInput = Static<typeof ModelInput>

const Model = Type.Object({
  provider: Type.Enum([...modelProviders], { description: text.provider }),
  name: Type.String({ description: text.modelName }),
  baseUrl: OptionalText(text.baseUrl),
  hasApiKey: Type.Boolean({ description: 'Whether a key is stored; it is never shown.' }),
  temperature: NullableNumber(text.temperature),
  maxTokens: NullableInteger(text.maxTokens),
  topP: NullableNumber(text.topP),
  presencePenalty: NullableNumber(text.penalty),
  frequencyPenalty: NullableNumber(text.penalty),
  acceptsImages: Type.Boolean({ description: text.acceptsImages }),
  acceptsTools: Type.Boolean({ description: text.acceptsTools }),
  timeoutMs: Type.Integer({ description: text.modelTimeoutMs }),
})
export type AgentModel = Static<typeof Model>

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
const JsonSchema = { type: 'object', additionalProperties: true, description: text.parameters }

const ToolInput = Type.Object({
  name: Type.String({ pattern: '^[a-zA-Z0-9_-]{1,64}$', description: text.toolName }),
  description: Type.String({ minLength: 1, maxLength: 4096, description: text.toolDescription }),
  parameters: Type.Optional(Type.Unsafe<Record<string, unknown> | null>({ ...JsonSchema, type: ['object', 'null'] })),
  method: Type.Optional(Type.Unsafe<(typeof methods)[number] | null>({
    enum: [...methods, null], description: text.method,
  })),
  url: Type.String({ minLength: 1, maxLength: 2048, description: text.url }),
  headers: Type.Optional(Type.Unsafe<Record<string, string | null> | null>({
    type: ['object', 'null'], maxProperties: 20, description: text.headers,
    additionalProperties: { type: ['string', 'null'], minLength: 1, maxLength: 4096 },
  })),
  timeoutMs: OptionalInteger(text.toolTimeoutMs, { minimum: 1000, maximum: 120_000 }),
  requiresApproval: OptionalSwitch(text.requiresApproval),
})
export type ToolInput = Static<typeof ToolInput>

const Tool = Type.Object({
  name: Type.String({ description: text.toolName }),
  description: Type.String({ description: text.toolDescription }),
  parameters: Type.Unsafe<Record<string, unknown>>(JsonSchema),
  method: Type.Enum([...methods], { description: text.method }),
  url: Type.String({ description: text.url }),
  headers: Type.Unsafe<Record<string, null>>({
    type: 'object', additionalProperties: { type: 'null' }, description: text.headers,
  }),
  timeoutMs: Type.Integer({ description: text.toolTimeoutMs }),
  requiresApproval: Type.Boolean({ description: text.requiresApproval }),
})
export type AgentTool = Static<typeof Tool>

const policies = ['never', 'minutes', 'until_handed_back'] as const
const failureReactions = ['error', 'request_human'] as const

const settingsInput = {
  model: OptionalObject(ModelInput, text.model),
  fallbackModel: OptionalObject(ModelInput, text.fallbackModel),
  historyLimit: OptionalInteger(text.historyLimit, { minimum: 1, maximum: 200 }),
  historyTokens: OptionalInteger(text.historyTokens, { minimum: 500, maximum: 1_000_000 }),
  burstWindowMs: OptionalInteger(text.burstWindowMs, { minimum: 0, maximum: 60_000 }),
  burstMaxWaitMs: OptionalInteger(text.burstMaxWaitMs, { minimum: 0, maximum: 300_000 }),
  takeover: OptionalObject(Type.Object({
    policy: Type.Enum([...policies], { description: text.policy }),
    minutes: OptionalInteger(text.minutes, { minimum: 1, maximum: 100_000 }),
  }), text.takeover),
  onModelFailure: Type.Optional(Type.Unsafe<(typeof failureReactions)[number] | null>({
    enum: [...failureReactions, null], description: text.onModelFailure,
  })),
  dailySpendLimit: OptionalNumber(text.dailySpendLimit, { minimum: 0, maximum: 1_000_000_000 }),
  tools: Type.Optional(Type.Unsafe<ToolInput[] | null>({
    type: ['array', 'null'], items: ToolInput, maxItems: 32, description: text.tools,
  })),
  conversationalMode: OptionalObject(Type.Object({
    isEnabled: Type.Boolean({ description: text.isEnabled }),
    webhookUrl: Type.Optional(OptionalText(text.webhookUrl, { maxLength: 2048 })),
    splitsAnswers: OptionalSwitch(text.splitsAnswers),
  }), text.conversationalMode),
}
/** How an agent answers, in a body: what is absent stays as it is. */
export const SettingsInput = Type.Object(settingsInput)
export type SettingsInput = Static<typeof SettingsInput>

const settingsFields = {
  model: NullableObject(Model, text.model),
  fallbackModel: NullableObject(Model, text.fallbackModel),
  historyLimit: Type.Integer({ description: text.historyLimit }),
  historyTokens: Type.Integer({ description: text.historyTokens }),
  burstWindowMs: Type.Integer({ description: text.burstWindowMs }),
  burstMaxWaitMs: Type.Integer({ description: text.burstMaxWaitMs }),
  takeover: Type.Object({
    policy: Type.Enum([...policies], { description: text.policy }),
    minutes: NullableInteger(text.minutes),
  }, { description: text.takeover }),
  onModelFailure: Type.Enum([...failureReactions], { description: text.onModelFailure }),
  dailySpendLimit: NullableNumber(text.dailySpendLimit),
  tools: Type.Array(Tool, { description: text.tools }),
  conversationalMode: Type.Object({
    isEnabled: Type.Boolean({ description: text.isEnabled }),
    webhookUrl: OptionalText(text.webhookUrl),
    splitsAnswers: Type.Boolean({ description: text.splitsAnswers }),
  }, { description: text.conversationalMode }),
}
/** How an agent answers, with all defaults. */
export const Settings = Type.Object(settingsFields)
export type Settings = Static<typeof Settings>

const tool = {
  name: 'find_order', description: 'Finds an order by its number.',
  parameters: { type: 'object', properties: { number: { type: 'string' } }, required: ['number'] },
  method: 'GET' as const, url: 'https://shop.example.com/orders/{number}',
}
const model = { provider: 'openai' as const, name: 'gpt-4o-mini' }

/** Settings in the examples of the documentation. */
export const exampleSettingsInput = {
  model: { ...model, apiKey: 'sk-your-key', temperature: 0.3, maxTokens: 800 },
  burstWindowMs: 4000,
  tools: [{ ...tool, headers: { Authorization: 'Bearer your-token' } }],
}

export const exampleSettings = {
  model: {
    ...model, baseUrl: null, hasApiKey: true, temperature: 0.3, maxTokens: 800, topP: null, presencePenalty: null,
    frequencyPenalty: null, acceptsImages: true, acceptsTools: true, timeoutMs: 60_000,
  },
  fallbackModel: null,
  historyLimit: 24,
  historyTokens: 16_000,
  burstWindowMs: 4000,
  burstMaxWaitMs: 30_000,
  takeover: { policy: 'until_handed_back' as const, minutes: null },
  onModelFailure: 'error' as const,
  dailySpendLimit: null,
  tools: [{ ...tool, headers: { Authorization: null }, timeoutMs: 15_000, requiresApproval: false }],
  conversationalMode: { isEnabled: false, webhookUrl: null, splitsAnswers: false },
}
