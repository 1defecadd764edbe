import { HiloError } from '../errors.ts'
import type { Outcome, Recorded, Resolution } from '../messages/new-message.ts'

type Settled = Extract<Outcome, { ok: true }>

/** The answer: exactly four keys, and the resolution where it was asked for. */
export function presentRecorded(
  { recorded, resolution }: Settled, isExplained: boolean,
): Recorded & { resolution?: Resolution } {
  const { messageId, conversationId, visitorId, status } = recorded
  return { messageId, conversationId, visitorId, status, ...(isExplained ? { resolution } : {}) }
}

/** The result of one message of a list. */
export function presentResult(outcome: Outcome, isExplained: boolean) {
  if (outcome.ok) return { ...presentRecorded(outcome, isExplained), isRepeat: outcome.isRepeat }
  const { message, code, field, hint } = outcome.error
  return { error: message, code, field, hint }
}

/**
 * Puts what could not be read back between the outcomes of the rest, in the order of the list. Every error names its
 * field as seen from the list: `messages[3].query`.
 */
export function joinOutcomes(read: readonly unknown[], outcomes: readonly Outcome[]): Outcome[] {
  const next = outcomes.values()
  return read.map((one, index) => {
    const outcome: Outcome = one instanceof HiloError ? { ok: false, error: one } : next.next().value!
    return outcome.ok ? outcome : { ok: false, error: atItem(outcome.error, index) }
  })
}

/** Fields of the call, not of one of its messages: the agent in the path, and a header. */
const fieldsOfCall = new Set(['id', 'Idempotency-Key'])

function atItem(error: HiloError, index: number): HiloError {
  const item = `messages[${index}]`
  const { code, message, field = '', hint, cause } = error
  if (fieldsOfCall.has(field) || field.startsWith(item)) return error
  return new HiloError(code, message, { field: field === '' ? item : `${item}.${field}`, hint, cause })
}

/** What refuses the call as a whole: its agent does not exist, or the database is away. */
export function findCallError(outcomes: readonly Outcome[]): HiloError | undefined {
  const errors = outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.error]))
  if (errors.length < outcomes.length) return undefined
  if (errors.every(({ code }) => code === 'UNAVAILABLE')) return errors[0]
  return errors.find(({ code, field }) => code === 'NOT_FOUND' && field === 'id')
}
