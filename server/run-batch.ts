import { isUnavailable } from './database/database-errors.ts'
import { isLostRace, untilSettled } from './database/lost-races.ts'
import { HiloError } from './errors.ts'
import type { NewMessage, Outcome } from './messages/new-message.ts'

/** What a single message's failure means for its caller. */
function toError(error: unknown): HiloError {
  if (isUnavailable(error) || isLostRace(error)) {
    return new HiloError('UNAVAILABLE', 'The database is away or too busy. Try again.', {
      hint: 'The message may have been recorded if the connection broke at the last moment: send it again with the '
        + 'same externalId or Idempotency-Key, and it is recorded once.',
      cause: error,
    })
  }
  return new HiloError('INTERNAL', 'Hilo could not record this message; the fault is ours.', { cause: error })
}

/**
 * Records a batch. If it fails as a whole, each message is tried alone, so that what is wrong with one never harms
 * another; if the database is away, all of them fail.
 */
export async function runBatch(
  record: (messages: NewMessage[]) => Promise<Outcome[]>, messages: NewMessage[],
): Promise<Outcome[]> {
  try {
    return await untilSettled(() => record(messages))
  } catch (error) {
    if (messages.length === 1 || isUnavailable(error)) {
      return messages.map(() => ({ ok: false, error: toError(error) }))
    }
  }
  const outcomes: Outcome[] = []
  for (const message of messages) outcomes.push(...await runBatch(record, [message]))
  return outcomes
}
