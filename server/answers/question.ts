import { sql } from 'kysely'

/** SQL for whether nobody waits for the answer to a question. */
export const isAsync = sql<boolean>`request @> '{"isAsync": true}'`

/** What a call says besides the customer's message, for the turn that answers it. */
export interface Question {
  /** The caller does not wait: the answer goes to `webhookUrl`, whatever becomes of this process. */
  isAsync?: boolean
  webhookUrl?: string
  /** The AI was off when this was asked, and the caller was told so at once. */
  wasAiOff?: boolean
  /** Added to the instructions. */
  context?: string
  /** Instead of the agent's own. */
  systemPrompt?: string
  /** `raw`: no instructions at all. */
  isRaw?: boolean
  /** Stands for the customer's last message; `{query}` in it is that message. */
  userPrompt?: string
  modelName?: string
  temperature?: number
  maxTokens?: number
  topP?: number
  presencePenalty?: number
  frequencyPenalty?: number
}
