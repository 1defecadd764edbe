import { isLostRace, untilSettled } from '../database/lost-races.ts'
import type { Database, Transaction } from '../database/schema.ts'
import { inOrganization } from '../database/transactions.ts'
import { HiloError } from '../errors.ts'

/**
 * `inOrganization` for what changes contacts: a transaction that lost a race against another one (a deadlock with a
 * batch of messages, a key that was taken and given back) starts again and sees what the winner did.
 * @throws HiloError UNAVAILABLE if it loses again and again.
 */
export async function inContactTransaction<Result>(
  db: Database, organizationId: string, work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  try {
    return await untilSettled(() => inOrganization(db, organizationId, work))
  } catch (error) {
    if (!isLostRace(error)) throw error
    throw new HiloError('UNAVAILABLE', 'The database is too busy with these contacts; nothing was changed. Try again.', {
      cause: error,
    })
  }
}
