import { isConflictToRetry } from './database-errors.ts'
import { StaleReadError } from './stale-read-error.ts'

const attempts = 5

/** Whether a transaction found out that another one was quicker. */
export function isLostRace(error: unknown): boolean {
  return error instanceof StaleReadError || isConflictToRetry(error)
}

/** Runs a transaction again when it lost a race: the winner is committed by then, and is read this time. */
export async function untilSettled<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (!isLostRace(error) || attempt === attempts) throw error
    }
  }
}
