import type { ModelListener, ModelUsage, ToolCall } from '../models/model-call.ts'
import type { ClaimedTurn } from './claim-turn.ts'
import type { Decided, TurnError } from './turn-answer.ts'

/** What came of asking the model once. */
export interface Thought {
  text: string
  seenMessageIds: string[]
  /** The model that was asked. */
  model?: string
  usage: ModelUsage
  toolCalls: ToolCall[]
  decided: Decided
  /** Why there is no answer. */
  error?: TurnError
}

/** Asks the agent's model about a turn. Never throws for what model, tools or settings do. */
export type Think = (turn: ClaimedTurn, listener: ModelListener) => Promise<Thought>
