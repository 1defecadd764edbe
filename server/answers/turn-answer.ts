import type { ConversationStatus, TurnOutcome } from '@hilo/contract'
import type { Callback } from '../database/schema.ts'
import type { ModelUsage, ToolCall } from '../models/model-call.ts'

/** A tool that waits for a person. */
export interface WantedApproval {
  id: string
  tool: string
  payload: Record<string, unknown>
}

/** What a turn did, whatever came of it. */
export interface TurnWork {
  id: string
  organizationId: string
  conversationId: string
  agentId: string
  /** The API key that asked; nobody's where a process left the turn. */
  apiKeyId?: string
  startedAt: Date
  /** The customer's messages that it answers. */
  messageIds: string[]
  /** The messages that the model was shown. */
  seenMessageIds: string[]
  model?: string
  usage: ModelUsage
  toolCalls: ToolCall[]
  /** Where those wait for what comes of it who did not stay. */
  callback?: Callback
}

/** What the model decided besides what it said; it holds only together with its answer. */
export interface Decided {
  /** It asked for a human. */
  handOff?: { reason?: string }
  isResolved?: boolean
  approvals: WantedApproval[]
}

/** An answer on its way into the conversation: it ends its turn. */
export interface TurnAnswer {
  work: TurnWork
  decided: Decided
  /** Newest message when the prompt was read. */
  seenSeq: number
  /** `false`: what was said until the caller went away, kept as a draft whatever has arrived. */
  isFenced: boolean
  /** Further parts of the answer, each a message of its own. */
  moreParts: string[]
  /** Which part this message is, from 1; while they are appended. */
  part?: number
}

/** Why there is no answer: a code of the API's errors, or one of those below. */
export interface TurnError {
  code: string
  message: string
}

/** Ends that are nobody's error. */
export const turnErrors = {
  aborted: { code: 'TURN_ABORTED', message: 'The caller went away before the answer was complete.' },
  interrupted: { code: 'TURN_INTERRUPTED', message: 'The server was stopped before the answer was complete.' },
  overtaken: { code: 'TURN_OVERTAKEN', message: 'The customer wrote on each time an answer was ready.' },
} satisfies Record<string, TurnError>

/** How a turn ended, as it is written down. */
export interface TurnEnd {
  work: TurnWork
  outcome: TurnOutcome
  error?: TurnError
  answerIds: string[]
  approvals: WantedApproval[]
  result: TurnResult
}

/** What everybody who asked is answered. */
export interface TurnResult {
  answer: string
  /** Of the answer's first message. */
  messageId: string | null
  status: ConversationStatus
  requestsHuman: boolean
}
