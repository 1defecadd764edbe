import type { QueryBody } from '@hilo/contract'
import type { Question } from './question.ts'

/** Names of models as the reference's callers write them. */
const knownNames = new Map(Object.entries({
  gpt_3_5_turbo: 'gpt-3.5-turbo', gpt_4: 'gpt-4', gpt_4_turbo: 'gpt-4-turbo', gpt_4o: 'gpt-4o', gpt_4o_mini: 'gpt-4o-mini',
}))

/** What a call says besides the message. `null` and an empty text count as absent. */
export function readQuestion(body: QueryBody): Question {
  const isRaw = body.promptType === 'raw'
  const { modelName } = body
  const question: Question = {
    webhookUrl: body.webhookUrl || body.webhook_url || body.callbackUrl || undefined,
    context: body.context || undefined,
    systemPrompt: body.systemPrompt || undefined,
    isRaw: isRaw || undefined,
    userPrompt: (isRaw ? body.promptTemplate : undefined) || body.userPrompt || undefined,
    modelName: modelName ? knownNames.get(modelName) ?? modelName : undefined,
    temperature: body.temperature ?? undefined,
    maxTokens: body.maxTokens ?? undefined,
    topP: body.topP ?? undefined,
    presencePenalty: body.presencePenalty ?? undefined,
    frequencyPenalty: body.frequencyPenalty ?? undefined,
  }
  return Object.fromEntries(Object.entries(question).filter(([, value]) => value !== undefined))
}
