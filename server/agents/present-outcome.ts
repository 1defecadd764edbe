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

/** Puts what could not be read back between the outcomes of the rest, in the order of the list. */
export function joinOutcomes(read: readonly unknown[], outcomes: readonly Outcome[]): Outcome[] {
  const next = outcomes.values()
  return read.map((one) => (one instanceof HiloError ? { ok: false, error: one } : next.next().value!))
}
