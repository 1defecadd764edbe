import type { ModelPrices } from '../config.ts'
import type { ModelUsage } from './model-call.ts'

/** What a provider counted; it may leave out anything. */
export interface TokenCounts {
  inputTokens: number | undefined
  outputTokens: number | undefined
}

const million = 1_000_000

/** Adds what one more request took. */
export function countTokens(
  usage: ModelUsage, { inputTokens = 0, outputTokens = 0 }: TokenCounts, price: Price,
): ModelUsage {
  return {
    promptTokens: usage.promptTokens + inputTokens,
    completionTokens: usage.completionTokens + outputTokens,
    totalTokens: usage.totalTokens + inputTokens + outputTokens,
    cost: usage.cost + (inputTokens * price.input + outputTokens * price.output) / million,
  }
}

export type Price = ModelPrices[string]

function hasPrice(prices: ModelPrices, model: string): boolean {
  return Object.hasOwn(prices, model)
}

/** The name of the first of these models without a price: nothing that it costs would be counted. */
export function findUnpriced(
  models: readonly ({ name: string } | undefined)[], prices: ModelPrices,
): string | undefined {
  return models.find((model) => model && !hasPrice(prices, model.name))?.name
}

export function findPrice(prices: ModelPrices, model: string): Price {
  return hasPrice(prices, model) ? prices[model]! : { input: 0, output: 0 }
}
