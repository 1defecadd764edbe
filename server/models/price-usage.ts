import type { ModelPrices } from '../config.ts'
import type { ModelUsage } from './model-call.ts'
import { addUsage, toTokens } from './usage.ts'

/** What a provider counted; it may leave out anything, and say what is no number of tokens. */
export interface TokenCounts {
  inputTokens: number | undefined
  outputTokens: number | undefined
}

const million = 1_000_000

/** Adds what one more request took. */
export function countTokens(
  usage: ModelUsage, { inputTokens = 0, outputTokens = 0 }: TokenCounts, price: Price,
): ModelUsage {
  const promptTokens = toTokens(inputTokens)
  const completionTokens = toTokens(outputTokens)
  const cost = (promptTokens * price.input + completionTokens * price.output) / million
  return addUsage(usage, { promptTokens, completionTokens, totalTokens: promptTokens + completionTokens, cost })
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
