import { type AgentAddress, agentNotFound } from '../agents/access-agent.ts'
import { readSettings } from '../agents/agent-settings.ts'
import type { FindAgent } from '../agents/gather-agents.ts'
import { HiloError } from '../errors.ts'
import { assertAllowedUrl } from '../guarded-client/check-url.ts'
import type { Question } from './question.ts'

interface Choice {
  question: Question
  address: AgentAddress
  channel: string
  allowPrivate: boolean
}

/**
 * Whether the caller waits for the answer: not where it names an address for it, or where the agent is set so.
 * @throws HiloError INVALID_REQUEST for an address that may not be called, or where one is missing; NOT_FOUND.
 */
export async function chooseMode(
  findAgent: FindAgent, { question, address, channel, allowPrivate }: Choice,
): Promise<Question> {
  if (question.webhookUrl !== undefined) assertAllowedUrl(question.webhookUrl, { allowPrivate, field: 'webhookUrl' })
  const agent = await findAgent(address)
  if (!agent) throw agentNotFound(address.id)
  const { conversationalMode } = readSettings(agent.settings)
  const webhookUrl = question.webhookUrl ?? conversationalMode.webhookUrl
  if (question.webhookUrl === undefined && !conversationalMode.isEnabled) return question
  if (webhookUrl === undefined && channel === 'api') {
    throw new HiloError('INVALID_REQUEST', 'webhookUrl is missing: this agent answers asynchronously.', {
      field: 'webhookUrl', hint: 'Send webhookUrl, or set conversationalMode.webhookUrl of the agent.',
    })
  }
  return { ...question, isAsync: true, ...(webhookUrl === undefined ? {} : { webhookUrl }) }
}
