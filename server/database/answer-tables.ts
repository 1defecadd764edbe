import type { ApprovalStatus, TurnOutcome } from '@hilo/contract'
import type { ColumnType } from 'kysely'
import type { DefaultedJson, DefaultedTimestamp, Json, Timestamp } from './column-types.ts'

/** Read as text by both databases; written as a number. */
type Numeric = ColumnType<string, number | undefined, number>

export interface QuestionsTable {
  organization_id: string
  message_id: string
  conversation_id: string
  /** Of its message. */
  seq: number
  /** The agent that was asked. */
  agent_id: string
  /** The API key that asked. */
  api_key_id: string
  /** What the call said besides the message. */
  request: Json<Record<string, unknown>>
  asked_at: DefaultedTimestamp
  /** The turn that settled it, or works on it. */
  turn_id: string | null
  /** `null`: open. */
  settled_at: Timestamp | null
}

export interface TurnsTable {
  organization_id: string
  id: string
  conversation_id: string
  agent_id: string
  /** The process that runs it. */
  runner_id: string
  /** How often a prompt was read: 1, and one more whenever something newer arrived. */
  attempt: number
  /** The customer's messages that it answers. */
  message_ids: string[]
  /** Newest message when the prompt was read. */
  seen_seq: number
  /** Who published a draft since then, which has its place among what was seen. */
  overtaken_by: ColumnType<'contact' | 'human' | null, 'contact' | 'human' | null | undefined, 'contact' | 'human' | null>
  /** The messages that the model was shown. */
  seen_message_ids: ColumnType<string[], string[] | undefined, string[]>
  model: string | null
  outcome: TurnOutcome | null
  error_code: string | null
  error_message: string | null
  prompt_tokens: ColumnType<number, number | undefined, number>
  completion_tokens: ColumnType<number, number | undefined, number>
  /** US dollars. */
  cost: Numeric
  tool_calls: DefaultedJson<{ name: string, arguments: Record<string, unknown> }[]>
  /** The messages of the answer. */
  answer_ids: ColumnType<string[], string[] | undefined, string[]>
  /** What callers are answered. */
  result: Json<unknown> | null
  started_at: DefaultedTimestamp
  /** `null`: it runs. */
  finished_at: Timestamp | null
}

export interface ApprovalsTable {
  organization_id: string
  id: string
  conversation_id: string
  turn_id: string
  agent_id: string
  tool: string
  /** Arguments of the call. */
  payload: Json<Record<string, unknown>>
  status: ColumnType<ApprovalStatus, ApprovalStatus | undefined, ApprovalStatus>
  /** The API key that approved or rejected. */
  decided_by: string | null
  reason: string | null
  /** What the tool answered. */
  result: string | null
  created_at: DefaultedTimestamp
  decided_at: Timestamp | null
}

export interface AgentSpendTable {
  organization_id: string
  agent_id: string
  /** UTC, `2026-03-01`. */
  day: ColumnType<string, string, string>
  /** US dollars. */
  cost: Numeric
}

export interface RunnersTable {
  id: string
  alive_until: Timestamp
}
