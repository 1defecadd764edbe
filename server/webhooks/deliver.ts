import type { Job } from 'pg-boss'
import type { Jobs } from '../jobs/start-jobs.ts'
import { deliveryQueue, failingTier, type Lane } from './lanes.ts'

/** How much goes on at the same time in this process; deliveries wait for the network most of their time. */
const maxActive = 600
const maxFetched = 50
/** Of one endpoint, over all processes: a receiver that hangs holds so many places and no more. */
const perEndpoint = 30
const perFailingEndpoint = 2

export type LaneJob = Job<Lane>

interface DelivererOptions {
  jobs: Jobs
  /**
   * Does jobs that were fetched together and writes down that they are done; calls `onDone` for each. It rejects with
   * nothing: what cannot be done is given back.
   */
  work(group: readonly LaneJob[], onDone: () => void): Promise<void>
  onError: (error: unknown) => void
}

export interface Deliverer {
  /** There may be jobs. */
  wake(): void
  /** Begins nothing new and waits for what has begun. */
  stop(): Promise<void>
}

/** Fetches jobs of lanes, as many as there is room for, and again whenever some are done. */
export function createDeliverer({ jobs, work, onError }: DelivererOptions): Deliverer {
  const running = new Set<Promise<void>>()
  let active = 0
  let isWanted = false
  let isStopped = false
  let fetching: Promise<void> | undefined

  const mayFetch = (): boolean => isWanted && !isStopped && active < maxActive

  async function fetchAll(): Promise<void> {
    while (mayFetch()) {
      isWanted = false
      const found = await jobs.fetch<Lane>(deliveryQueue, {
        batchSize: Math.min(maxActive - active, maxFetched),
        groupConcurrency: { default: perEndpoint, tiers: { [failingTier]: perFailingEndpoint } },
      })
      isWanted ||= found.length > 0
      active += found.length
      for (const group of byOrganization(found)) begin(group)
    }
  }

  function begin(group: readonly LaneJob[]): void {
    const one = work(group, () => {
      active -= 1
      wake()
    }).finally(() => running.delete(one))
    running.add(one)
  }

  function wake(): void {
    isWanted = true
    if (!mayFetch()) return
    fetching ??= fetchAll().catch((error: unknown) => {
      isWanted = false // the next wake-up tries again
      onError(error)
    }).finally(() => {
      fetching = undefined
      if (mayFetch()) wake()
    })
  }

  return {
    wake,
    stop: async () => {
      isStopped = true
      await fetching
      await Promise.all(running)
    },
  }
}

function byOrganization(group: readonly LaneJob[]): LaneJob[][] {
  return Object.values(Object.groupBy(group, ({ data }) => data.organizationId)).map((one) => one!)
}
