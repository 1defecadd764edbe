import type { Callback } from '../database/schema.ts'
import type { Question } from './question.ts'

/** Where the answer to these questions of an agent goes besides the conversation: each address once, if any. */
export function findCallback(
  agentId: string, questions: readonly { request: Question }[],
): Callback | undefined {
  const urls = new Set(questions.flatMap(({ request: { isAsync, webhookUrl } }) => (
    isAsync && webhookUrl !== undefined ? [webhookUrl] : []
  )))
  return urls.size > 0 ? { agentId, urls: [...urls] } : undefined
}
