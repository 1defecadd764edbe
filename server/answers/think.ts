import { openModel, openTools } from '../agents/open-settings.ts'
import { UnreadableSecretError } from '../agents/agent-secrets.ts'
import { createId } from '../database/create-id.ts'
import type { ModelPrices } from '../config.ts'
import type { Encryption } from '../encryption/encrypt.ts'
import type { StoredTool } from '../agents/agent-settings.ts'
import type {
  AskModel, ModelListener, ModelOutcome, ModelRequest, ModelSettings, ModelTool, ModelUsage, ToolCall,
} from '../models/model-call.ts'
import type { CallIdentity } from '../models/call-identity.ts'
import type { Attachment, ReadAttachment, ReadOptions } from '../models/read-attachments.ts'
import { buildPrompt, type PromptSource } from './build-prompt.ts'
import { createBuiltInTools } from './built-in-tools.ts'
import { type ClaimedTurn, messageIdsOf } from './claimed-turn.ts'
import { findRefusal } from './find-refusal.ts'
import type { Question } from './question.ts'
import type { Decided, TurnError } from './turn-answer.ts'
import { noUsage } from '../models/usage.ts'

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

interface ThinkOptions {
  askModel: AskModel
  /** By the name of the model. */
  prices: ModelPrices
  /** Of the agents' credentials. */
  encryption: Encryption
  /** Makes a tool of an agent callable; its headers are readable. */
  createTool(tool: StoredTool, identity: CallIdentity): ModelTool
  /** Fetches what customers sent. */
  readAttachments: ReadAttachments
}

export function createThink({ askModel, prices, encryption, createTool, readAttachments }: ThinkOptions): Think {
  return async (turn, listener) => {
    const decided: Decided = { approvals: [] }
    const nothing: Thought = { text: '', seenMessageIds: [], usage: noUsage, toolCalls: [], decided }
    const refusal = findRefusal(turn, prices)
    if (refusal) return { ...nothing, error: refusal }
    try {
      const question = turn.questions.at(-1)!.request
      const models = openModels(turn, question, encryption)
      const files = await readFiles(turn, { readAttachments, ...models[0]!, ...listener })
      const { seenMessageIds, ...prompt } = buildPrompt({ ...toSource(turn), question, files })
      const tools = createTools(turn, { encryption, createTool, decided })
      const outcome = await askModel({ models, ...prompt, tools } satisfies ModelRequest, listener)
      return { ...nothing, ...readOutcome(outcome), seenMessageIds }
    } catch (error) {
      if (!(error instanceof UnreadableSecretError)) throw error
      return { ...nothing, error: { code: 'MODEL_NOT_CONFIGURED', message: error.message } }
    }
  }
}

function toSource({ agent, history, pastApprovals, questions }: ClaimedTurn): Omit<PromptSource, 'question' | 'files'> {
  const { systemPrompt, settings: { historyTokens } } = agent
  return { systemPrompt, historyTokens, history, pastApprovals, messageIds: messageIdsOf({ questions }) }
}

type ReadAttachments = (
  attachments: readonly Attachment[], options: Omit<ReadOptions, 'client'>,
) => Promise<ReadAttachment[]>

/** Of the messages that are to be answered, the newest first; older ones were shown before. */
async function readFiles(
  { history, questions }: ClaimedTurn,
  { readAttachments, acceptsImages, signal }: Omit<ReadOptions, 'client'> & Pick<ThinkOptions, 'readAttachments'>,
): Promise<PromptSource['files']> {
  const asked = new Set(questions.map((question) => question.message_id))
  const messages = history.filter(({ id }) => asked.has(id)).toReversed()
  try {
    const read = await readAttachments(messages.flatMap(({ attachments }) => attachments), { acceptsImages, signal })
    return new Map(messages.map(({ id, attachments }) => [id, read.splice(0, attachments.length)]))
  } catch (error) {
    if (signal.aborted) return new Map() // whoever broke it off asks no model
    throw error
  }
}

/** What the call says goes before the settings of the agent; a name only for the model that is asked first. */
function openModels(
  { organizationId, agent: { id: agentId, settings } }: ClaimedTurn, question: Question, encryption: Encryption,
): ModelSettings[] {
  const whose = { encryption, organizationId, agentId }
  const { modelName, temperature, maxTokens, topP, presencePenalty, frequencyPenalty } = question
  const wanted = { temperature, maxTokens, topP, presencePenalty, frequencyPenalty }
  const overrides = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined))
  const model = openModel(settings.model!, { ...whose, field: 'model' })
  const fallback = settings.fallbackModel ? [openModel(settings.fallbackModel, { ...whose, field: 'fallbackModel' })] : []
  return [{ ...model, name: modelName ?? model.name }, ...fallback].map((one) => ({ ...one, ...overrides }))
}

interface ToolOptions extends Pick<ThinkOptions, 'encryption' | 'createTool'> {
  decided: Decided
}

function createTools(
  { organizationId, conversationId, contactId, startedAt, agent: { id: agentId, settings } }: ClaimedTurn,
  { encryption, createTool, decided }: ToolOptions,
): ModelTool[] {
  const create = (tool: StoredTool) => createTool(tool, { agentId, conversationId, contactId })
  const tools = openTools(settings.tools, { encryption, organizationId, agentId })
  return [...createBuiltInTools(decided), ...tools.map((tool) => (
    tool.requiresApproval ? askFirst(create(tool), decided, startedAt) : create(tool)
  ))]
}

/**
 * A tool that a person has to allow: the model is told so, and the call waits. Nobody is asked about a call that cannot
 * be made. The ids of a turn sort in the order in which the model asked, as all are written at one moment.
 */
function askFirst(tool: ModelTool, { approvals }: Decided, startedAt: Date): ModelTool {
  return {
    ...tool,
    run: async (payload) => {
      const problem = await tool.check?.(payload)
      if (problem !== undefined) return problem
      approvals.push({ id: createId(startedAt.getTime() + approvals.length), tool: tool.name, payload })
      return 'A colleague has to approve this first. Nothing was done yet; tell the customer that it is being checked.'
    },
  }
}

function readOutcome(outcome: ModelOutcome): Pick<Thought, 'text' | 'model' | 'usage' | 'toolCalls' | 'error'> {
  const { text, model, usage, toolCalls } = outcome
  if (outcome.ok) return { text, model, usage, toolCalls }
  return { text, model, usage, toolCalls, error: { code: 'MODEL_UNAVAILABLE', message: outcome.reason } }
}
