import type { Selectable } from 'kysely'
import type { AgentSettings } from '../agents/agent-settings.ts'
import type { QuestionsTable } from '../database/answer-tables.ts'
import { noUsage } from '../models/usage.ts'
import { findCallback } from './find-callback.ts'
import type { Question } from './question.ts'
import type { PastApproval } from './read-past-approvals.ts'
import type { HistoryMessage } from './read-history.ts'
import type { TurnWork } from './turn-answer.ts'

export interface ConversationAddress {
  organizationId: string
  conversationId: string
}

export type QuestionRow = Omit<Selectable<QuestionsTable>, 'request'> & { request: Question }

/** A turn that is ours to run, with everything that it needs of the database. */
export interface ClaimedTurn extends ConversationAddress {
  id: string
  startedAt: Date
  attempt: number
  /** Newest message when the history was read. */
  seenSeq: number
  /** What it answers, oldest first. */
  questions: QuestionRow[]
  agent: ClaimedAgent
  channel: string
  /** The customer; `null` where nobody knows who it is. */
  contactId: string | null
  history: HistoryMessage[]
  /** What has become of calls of tools that people have to allow, oldest first. */
  pastApprovals: PastApproval[]
}

/** A turn of which the history was not read yet. */
export type StartedTurn = Omit<ClaimedTurn, 'history' | 'pastApprovals'>

export interface ClaimedAgent {
  id: string
  name: string
  systemPrompt: string | null
  settings: AgentSettings
  /** US dollars, today. */
  spent: number
}

export const messageIdsOf = ({ questions }: Pick<StartedTurn, 'questions'>): string[] => (
  questions.map((question) => question.message_id)
)

/** What a turn did before its model was asked. */
export function toWork(turn: StartedTurn): TurnWork {
  const { id, organizationId, conversationId, agent, startedAt, questions } = turn
  return {
    id, organizationId, conversationId, agentId: agent.id, apiKeyId: questions.at(-1)!.api_key_id, startedAt,
    messageIds: messageIdsOf(turn), seenMessageIds: [], usage: noUsage, toolCalls: [],
    callback: findCallback(agent.id, questions),
  }
}
