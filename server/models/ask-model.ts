import type { ModelPrices } from '../config.ts'
import type { GuardedFetch } from '../guarded-client/create-fetch.ts'
import { askOneModel } from './ask-one-model.ts'
import { keepModels } from './create-model.ts'
import { limitAnswer } from './limit-answer.ts'
import { loadSdk } from './load-sdk.ts'
import type { AskModel, ModelOutcome, ModelUsage } from './model-call.ts'
import { addUsage, noUsage } from './usage.ts'
import { retryFetch } from './retry-fetch.ts'

export interface AskModelOptions {
  /** Of the guarded client: the addresses of models are given by callers. */
  fetch: GuardedFetch
  prices: ModelPrices
  /** Before a busy provider is asked again, where it does not say how long to wait; doubled before the third time. */
  retryDelayMs?: number
}

/**
 * Makes the way to the models. A model that fails before its first word and its first tool is followed by the next in
 * the list, with a time limit of its own; the usage of all of them is added up. A model is asked up to three times
 * where it is busy or fails, and up to eight times for its tools.
 */
export function createAskModel({ fetch, prices, retryDelayMs = 500 }: AskModelOptions): AskModel {
  let opened: ReturnType<typeof open> | undefined
  const open = async () => {
    const sdk = await loadSdk()
    return { sdk, findModel: keepModels(sdk, limitAnswer(retryFetch(fetch, retryDelayMs))) }
  }
  return async (request, listener) => {
    const { sdk, findModel } = await (opened ??= open())
    const failed: ModelOutcome[] = []
    for (const settings of request.models) {
      const { outcome, hasBegun } = await askOneModel(settings, { sdk, findModel, prices, request, listener })
      const whole = { ...outcome, usage: sumUsage([...failed, outcome]) }
      if (outcome.ok || outcome.isAborted || hasBegun) return whole
      failed.push(outcome)
    }
    return joinFailures(failed)
  }
}

/** All of them failed: each says why. */
function joinFailures(failed: readonly ModelOutcome[]): ModelOutcome {
  const last = failed.at(-1)
  if (!last) throw new Error('No model is given.')
  const reasons = failed.flatMap((one) => (one.ok ? [] : [one.reason]))
  return { ...last, ok: false, isAborted: false, usage: sumUsage(failed), reason: reasons.join(' ') }
}

function sumUsage(outcomes: readonly ModelOutcome[]): ModelUsage {
  return outcomes.map(({ usage }) => usage).reduce(addUsage, noUsage)
}
