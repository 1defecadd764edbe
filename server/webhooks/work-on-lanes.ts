import type { Database } from '../database/schema.ts'
import { createGroupCommit } from '../group-commit.ts'
import type { Jobs } from '../jobs/start-jobs.ts'
import { attemptDelivery } from './attempt-delivery.ts'
import type { Claim } from './claims.ts'
import { deliveryQueue } from './lanes.ts'
import { type Delivery, loadDeliveries } from './load-deliveries.ts'
import { type Outcome, recordOutcomes } from './record-outcomes.ts'
import type { SendEvent } from './send-event.ts'

/** Outcomes that are written in one transaction. */
const maxOutcomes = 200

interface WorkOptions {
  db: Database
  jobs: Jobs
  send: SendEvent
  retryDelaysMs: readonly number[]
  onError: (error: unknown) => void
}

export type WorkOnLanes = (group: readonly Claim[], onDone: (claim: Claim) => void) => Promise<void>

/**
 * Makes the function that does the jobs of one organization: looks up what their lanes have to send, sends it, each
 * without waiting for the others, and writes down together what came of those that end at the same time.
 */
export function createLaneWork({ onError, ...options }: WorkOptions): WorkOnLanes {
  const { db, jobs } = options
  const recorder = createGroupCommit<Outcome, undefined>(async (outcomes) => {
    await recordOutcomes(db, jobs, outcomes)
    return outcomes.map(() => undefined)
  }, maxOutcomes)

  async function workOn({ job, lane, signal }: Claim, delivery: Delivery | undefined): Promise<void> {
    const tried = delivery && await attemptDelivery(delivery, { ...options, signal })
    await recorder.submit([{ job, lane, tried }])
  }

  /** What was not done is done again, by whoever comes next; if even that cannot be said, once the claim has lapsed. */
  async function giveBack(group: readonly Claim[], error: unknown): Promise<void> {
    if (group.some(({ signal }) => !signal.aborted)) onError(error)
    await jobs.fail(deliveryQueue, group.map(({ job }) => job)).catch(onError)
  }

  return async (group, onDone) => {
    const lanes = group.map(({ lane }) => lane)
    try {
      const deliveries = await loadDeliveries(db, lanes[0]!.organizationId, lanes)
      await Promise.all(group.map((claim) => (
        workOn(claim, deliveries.get(claim.lane)).catch((error: unknown) => giveBack([claim], error))
          .finally(() => onDone(claim))
      )))
    } catch (error) {
      await giveBack(group, error)
      group.forEach(onDone)
    }
  }
}
