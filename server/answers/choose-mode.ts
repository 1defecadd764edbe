import { agentNotFound } from '../agents/access-agent.ts'
import { keyOf } from '../database/key-of.ts'
import { HiloError } from '../errors.ts'
import type { NewMessage } from '../messages/new-message.ts'
import type { ClaimedAgent } from './claimed-turn.ts'
import type { Question } from './question.ts'

/**
 * Whether the caller of a question waits for the answer: not where it names an address for it, or where the agent is
 * set so.
 * @throws HiloError INVALID_REQUEST where an address is missing; NOT_FOUND.
 */
export function chooseMode(
  agents: Map<string, ClaimedAgent>, question: Question, { organizationId, agentId, channel }: NewMessage,
): Question {
  const agent = agents.get(keyOf(organizationId, agentId))
  if (!agent) throw agentNotFound(agentId)
  const { conversationalMode } = agent.settings
  const webhookUrl = question.webhookUrl ?? conversationalMode.webhookUrl
  if (question.webhookUrl === undefined && !conversationalMode.isEnabled) return question
  if (webhookUrl === undefined && channel === 'api') {
    throw new HiloError('INVALID_REQUEST', 'webhookUrl is missing: this agent answers asynchronously.', {
      field: 'webhookUrl', hint: 'Send webhookUrl, or set conversationalMode.webhookUrl of the agent.',
    })
  }
  return { ...question, isAsync: true, ...(webhookUrl === undefined ? {} : { webhookUrl }) }
}
