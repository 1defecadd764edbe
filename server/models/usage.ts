import type { ModelUsage } from './model-call.ts'

export const noUsage: ModelUsage = { promptTokens: 0, completionTokens: 0, totalTokens: 0, cost: 0 }

export function addUsage(one: ModelUsage, other: ModelUsage): ModelUsage {
  return {
    promptTokens: one.promptTokens + other.promptTokens,
    completionTokens: one.completionTokens + other.completionTokens,
    totalTokens: one.totalTokens + other.totalTokens,
    cost: one.cost + other.cost,
  }
}
