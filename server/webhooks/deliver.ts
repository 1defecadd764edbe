import type { Claim, Claims } from './claims.ts'

/** How much goes on at the same time in this process; deliveries wait for the network most of their time. */
const maxActive = 600
const maxFetched = 50

interface DelivererOptions {
  claims: Claims
  /**
   * Does jobs that were fetched together and writes down that they are done; calls `onDone` for each. It rejects with
   * nothing: what cannot be done is given back.
   */
  work(group: readonly Claim[], onDone: (claim: Claim) => void): Promise<void>
  onError: (error: unknown) => void
}

export interface Deliverer {
  /** There may be jobs. */
  wake(): void
  /** Begins nothing new and waits for what has begun. */
  stop(): Promise<void>
}

/** Fetches jobs of lanes, as many as there is room for, and again whenever some are done. */
export function createDeliverer({ claims, work, onError }: DelivererOptions): Deliverer {
  const running = new Set<Promise<void>>()
  let active = 0
  let isWanted = false
  let isStopped = false
  let fetching: Promise<void> | undefined

  const mayFetch = (): boolean => isWanted && !isStopped && active < maxActive

  async function fetchAll(): Promise<void> {
    while (mayFetch()) {
      isWanted = false
      const free = maxActive - active
      const found = await claims.fetch(Math.min(free, maxFetched), free)
      isWanted ||= found.length > 0
      active += found.length
      for (const group of byOrganization(found)) begin(group)
    }
  }

  function begin(group: readonly Claim[]): void {
    const one = work(group, (claim) => {
      claims.release(claim)
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

function byOrganization(group: readonly Claim[]): Claim[][] {
  return Object.values(Object.groupBy(group, ({ lane }) => lane.organizationId)).map((one) => one!)
}
