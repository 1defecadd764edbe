import type { QueryAnswer } from '@hilo/contract'
import { type ErrorCode, errorCodes, HiloError } from '../errors.ts'
import type { Recorded } from '../messages/new-message.ts'
import type { SettledQuestion } from './read-settled.ts'

/**
 * What became of a question, as its caller is answered.
 * @throws HiloError where the turn failed.
 */
export function presentAnswer(settled: SettledQuestion, recorded: Recorded): QueryAnswer {
  const { turnId, outcome, messageIds, usage, approvals, result } = settled
  assertAnswered(settled)
  return {
    answer: result.answer,
    usage,
    sources: [],
    approvals,
    messageId: result.messageId ?? recorded.messageId,
    conversationId: recorded.conversationId,
    visitorId: recorded.visitorId,
    request_human: result.requestsHuman || outcome === 'human_took_over',
    status: result.status,
    metadata: {
      turnId,
      ...(result.answer === '' ? { outcome: outcome as NonNullable<QueryAnswer['metadata']>['outcome'] } : {}),
      ...(messageIds.length > 1 && outcome === 'answered' ? {
        answeredTogether: messageIds.length, isNewest: messageIds.at(-1) === recorded.messageId,
      } : {}),
    },
  }
}

function assertAnswered({ outcome, error }: SettledQuestion): void {
  if (outcome === 'failed') {
    const code = error!.code in errorCodes ? error!.code as ErrorCode : 'INTERNAL'
    throw new HiloError(code, error!.message, { hint: hints[code] })
  }
  if (outcome === 'aborted' || outcome === 'interrupted') {
    throw new HiloError('UNAVAILABLE', error!.message, { hint: again })
  }
}

const again = 'The message of the customer is kept; the same call with the same Idempotency-Key or externalId asks again.'

/** Besides what the sentence of the error says itself. */
const hints: Partial<Record<ErrorCode, string>> = {
  MODEL_NOT_CONFIGURED: again,
  MODEL_UNAVAILABLE: again,
  USAGE_LIMIT: `It begins anew at midnight UTC; PATCH /api/agents/{id} changes "dailySpendLimit". ${again}`,
}

/** What is answered at once where the answer goes elsewhere. */
export function presentAccepted(recorded: Recorded, requestsHuman: boolean): QueryAnswer {
  const { messageId, conversationId, visitorId, status } = recorded
  return { messageId, conversationId, visitorId, request_human: requestsHuman, status }
}
