import type { ModelPrices } from '../config.ts'
import { findUnpriced } from '../models/price-usage.ts'
import type { ClaimedTurn } from './claimed-turn.ts'
import type { TurnError } from './turn-answer.ts'

/** Why the agent's model is not asked at all. @param prices by the name of the model. */
export function findRefusal(turn: Pick<ClaimedTurn, 'agent' | 'questions'>, prices: ModelPrices): TurnError | undefined {
  const { agent: { name, settings, spent }, questions } = turn
  const { model, fallbackModel, dailySpendLimit: limit } = settings
  if (!model) {
    return {
      code: 'MODEL_NOT_CONFIGURED',
      message: `Agent "${name}" has no model, so nobody can answer: PATCH /api/agents/${turn.agent.id} sets "model".`,
    }
  }
  if (limit === undefined) return undefined
  if (spent >= limit) {
    return { code: 'USAGE_LIMIT', message: `Agent "${name}" has spent its limit of ${limit} US dollars for today (UTC).` }
  }
  const modelName = questions.at(-1)!.request.modelName
  const unpriced = findUnpriced([modelName === undefined ? model : { name: modelName }, fallbackModel], prices)
  return unpriced === undefined ? undefined : refuseUnpriced(name, { unpriced, modelName })
}

/** A limit that a caller, or a table of prices that lost a line, could get around would be none. */
function refuseUnpriced(
  agentName: string, { unpriced, modelName }: { unpriced: string, modelName: string | undefined },
): TurnError {
  const way = unpriced === modelName ? ', or leave modelName out' : ', or set its dailySpendLimit to null'
  return {
    code: 'MODEL_NOT_CONFIGURED',
    message: `Agent "${agentName}" has a dailySpendLimit, and the model ${JSON.stringify(unpriced)} has no price, so that `
      + `nothing it costs would count: add it to HILO_MODEL_PRICES${way}.`,
  }
}
