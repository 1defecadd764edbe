import type { ModelSettings } from '../models/model-call.ts'

/** A model as it is stored: what is absent is the default, the key is encrypted. */
export type StoredModel = Partial<ModelSettings> & Pick<ModelSettings, 'provider' | 'name'>

/** How long the AI stays quiet after a human wrote. */
export type TakeoverPolicy =
  | { policy: 'never' }
  | { policy: 'minutes', minutes: number }
  | { policy: 'until_handed_back' }

/** A tool that calls an address of the agent's owner. */
export interface StoredTool {
  name: string
  description: string
  /** JSON Schema of the arguments. */
  parameters: Record<string, unknown>
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With `{argument}` places in path and query. */
  url: string
  /** Values are encrypted. */
  headers: Record<string, string>
  timeoutMs: number
  /** A person has to allow each call. */
  requiresApproval: boolean
}

/** How an agent answers; the column `agents.settings` holds what differs from the default. */
export interface AgentSettings {
  model?: StoredModel
  /** Asked where `model` fails before its first word. */
  fallbackModel?: StoredModel
  /** Most messages of the history that the model sees. */
  historyLimit: number
  /** About how many tokens of history it sees at most; the newest ones. */
  historyTokens: number
  /** Messages of the customer that follow each other within this time get one answer; 0: each its own. */
  burstWindowMs: number
  /** However long they go on, an answer is begun after this time. */
  burstMaxWaitMs: number
  takeover: TakeoverPolicy
  /** What follows when the model fails: nothing but the error, or the conversation also asks for a human. */
  onModelFailure: 'error' | 'request_human'
  /** US dollars on one day (UTC). */
  dailySpendLimit?: number
  tools: StoredTool[]
  /** Asynchronous: calls return at once, answers go to `webhookUrl`. */
  conversationalMode: { isEnabled: boolean, webhookUrl?: string, splitsAnswers: boolean }
}

const defaults: AgentSettings = {
  historyLimit: 24,
  historyTokens: 16_000,
  burstWindowMs: 0,
  burstMaxWaitMs: 30_000,
  takeover: { policy: 'until_handed_back' },
  onModelFailure: 'error',
  tools: [],
  conversationalMode: { isEnabled: false, splitsAnswers: false },
}

/** What is stored of an agent's settings. */
export type StoredSettings = Partial<AgentSettings>

/** The whole settings from what is stored of them. */
export function readSettings(stored: StoredSettings): AgentSettings {
  return { ...defaults, ...stored }
}
