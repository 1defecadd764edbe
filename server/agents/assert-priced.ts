import type { ModelPrices } from '../config.ts'
import { HiloError } from '../errors.ts'
import { findUnpriced } from '../models/price-usage.ts'
import type { AgentSettings } from './agent-settings.ts'

type Limited = Partial<Pick<AgentSettings, 'dailySpendLimit' | 'model' | 'fallbackModel'>>

/**
 * Refuses a daily limit beside a model without a price: nothing that it costs would be counted, so that the limit would
 * never be reached.
 * @throws HiloError INVALID_REQUEST.
 */
export function assertPriced({ dailySpendLimit, model, fallbackModel }: Limited, prices: ModelPrices): void {
  if (dailySpendLimit === undefined) return
  const unpriced = findUnpriced([model, fallbackModel], prices)
  if (unpriced === undefined) return
  const name = JSON.stringify(unpriced)
  throw new HiloError('INVALID_REQUEST', `dailySpendLimit would never be reached: the model ${name} has no price.`, {
    field: 'dailySpendLimit',
    hint: `Start Hilo with HILO_MODEL_PRICES='{${name}:{"input":2.5,"output":10}}', US dollars per million tokens (0 for a `
      + 'model of your own), or set dailySpendLimit to null.',
  })
}
