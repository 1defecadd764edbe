import type { ModelUsage } from './model-call.ts'

export const noUsage: ModelUsage = { promptTokens: 0, completionTokens: 0, totalTokens: 0, cost: 0 }

/** Far more than a model reads; the database takes no greater number. */
const mostTokens = 2 ** 31 - 1

/** A provider's count as a number of tokens: whatever it says, no answer is lost for it. */
export function toTokens(count: number): number {
  return Number.isNaN(count) ? 0 : Math.min(Math.max(Math.round(count), 0), mostTokens)
}

export function addUsage(one: ModelUsage, other: ModelUsage): ModelUsage {
  const promptTokens = toTokens(one.promptTokens + other.promptTokens)
  const completionTokens = toTokens(one.completionTokens + other.completionTokens)
  return { promptTokens, completionTokens, totalTokens: promptTokens + completionTokens, cost: one.cost + other.cost }
}
