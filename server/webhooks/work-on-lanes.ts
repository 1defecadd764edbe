import type { Database } from '../database/schema.ts'
import { createGroupCommit } from '../group-commit.ts'
import type { Jobs } from '../jobs/start-jobs.ts'
import { attemptDelivery } from './attempt-delivery.ts'
import type { LaneJob } from './deliver.ts'
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
  /** Breaks off what is on its way. */
  signal: AbortSignal
  onError: (error: unknown) => void
}

export type WorkOnLanes = (group: readonly LaneJob[], onDone: () => void) => Promise<void>

/**
 * Makes the function that does the jobs of one organization: looks up what their lanes have to send, sends it, each
 * without waiting for the others, and writes down together what came of those that end at the same time.
 */
export function createLaneWork({ onError, ...options }: WorkOptions): WorkOnLanes {
  const { db, jobs, signal } = options
  const recorder = createGroupCommit<Outcome, undefined>(async (outcomes) => {
    await recordOutcomes(db, jobs, outcomes)
    return outcomes.map(() => undefined)
  }, maxOutcomes)

  async function workOn({ id: jobId, data: lane }: LaneJob, delivery: Delivery | undefined): Promise<void> {
    const tried = delivery && await attemptDelivery(delivery, options)
    await recorder.submit([{ jobId, lane, tried }])
  }

  /** What was not done is done again, by whoever comes next; if even that cannot be said, once the job has expired. */
  async function giveBack(group: readonly LaneJob[], error: unknown): Promise<void> {
    if (!signal.aborted) onError(error)
    await jobs.fail(deliveryQueue, group.map(({ id }) => id)).catch(onError)
  }

  return async (group, onDone) => {
    const lanes = group.map(({ data }) => data)
    try {
      const deliveries = await loadDeliveries(db, lanes[0]!.organizationId, lanes)
      await Promise.all(group.map((job) => (
        workOn(job, deliveries.get(job.data)).catch((error: unknown) => giveBack([job], error)).finally(onDone)
      )))
    } catch (error) {
      await giveBack(group, error)
      group.forEach(onDone)
    }
  }
}
