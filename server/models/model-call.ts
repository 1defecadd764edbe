/** A model as an agent is set to use it, its key readable. */
export interface ModelSettings {
  provider: 'openai' | 'anthropic' | 'openai-compatible'
  /** As the provider names it, such as `gpt-4o`. */
  name: string
  /** Address of the API, such as `http://localhost:11434/v1`; the provider's own when absent. */
  baseUrl?: string
  /** Absent: the server asks for none. */
  apiKey?: string
  /** 0 to 1. */
  temperature?: number
  /** Most tokens of one answer. */
  maxTokens?: number
  topP?: number
  /** -2 to 2. */
  presencePenalty?: number
  frequencyPenalty?: number
  /** Whether it can be shown images. */
  acceptsImages: boolean
  /** Whether it can be offered tools; some local ones refuse a request that holds any. */
  acceptsTools: boolean
  /** For one answer, from the first request to the last token, with tools and repeated tries in between. */
  timeoutMs: number
}

/** What one side said; consecutive ones of one side are sent as they are. */
export interface PromptMessage {
  /** `user`: the customer; `assistant`: our side, whoever spoke. */
  role: 'user' | 'assistant'
  text: string
  /** Shown beside the text; for models that take none, they are left out. */
  images?: { data: Uint8Array, mimeType: string }[]
}

/** Something that the model can ask for. */
export interface ModelTool {
  name: string
  description: string
  /** JSON Schema of the arguments. */
  parameters: Record<string, unknown>
  /** Why it cannot be called with these arguments, for the model; where it cannot be known before, it is absent. */
  check?(input: Record<string, unknown>): Promise<string | undefined>
  /** Does it; the text is what the model is told. It must not throw for what the outside world does. */
  run(input: Record<string, unknown>, signal: AbortSignal): Promise<string>
}

export interface ModelRequest {
  /** The one to ask, and then those to ask where it fails before its first word. */
  models: readonly ModelSettings[]
  instructions: string
  messages: readonly PromptMessage[]
  tools: readonly ModelTool[]
}

/** A tool that the model asked for. */
export interface ToolCall {
  name: string
  arguments: Record<string, unknown>
}

export interface ModelListener {
  /** Breaks the call off. */
  signal: AbortSignal
  /** The next piece of the answer; never ends inside a surrogate pair. */
  onText?(piece: string): void
  onToolCall?(call: ToolCall): void
}

export interface ModelUsage {
  promptTokens: number
  completionTokens: number
  totalTokens: number
  /** US dollars, by the table of prices; 0 where the model is not in it. */
  cost: number
}

/** What came of a call; where it failed, also what was said until then. */
export type ModelOutcome = Said & ({ ok: true } | { ok: false, isAborted: boolean, reason: string })

interface Said {
  /** Name of the model that was asked last. */
  model: string
  text: string
  usage: ModelUsage
  toolCalls: ToolCall[]
}

/** Asks a model. Resolves also where the model fails; rejects only for a fault of ours. */
export type AskModel = (request: ModelRequest, listener: ModelListener) => Promise<ModelOutcome>
