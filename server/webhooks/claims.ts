import type { Job, JobAttempt } from 'pg-boss'
import type { Database } from '../database/schema.ts'
import { findLapsedJobs, renewJobs } from '../jobs/heartbeats.ts'
import type { Jobs } from '../jobs/start-jobs.ts'
import { deliveryQueue, failingTier, type Lane } from './lanes.ts'

/**
 * Of one receiver (lanes.ts), over all processes: as many places as a twentieth of those that are free. The fewer are
 * left, the fewer a receiver may take, so that however many are slow, one that has none finds one.
 */
const shareOfFree = 1 / 20
const perFailingReceiver = 2

/** A job that this process works on, and no other. */
export interface Claim {
  job: JobAttempt
  lane: Lane
  /** Aborted when it is not sure any more that the job is ours, and when all is to end. */
  signal: AbortSignal
}

interface HeldClaim extends Claim {
  controller: AbortController
  /** When it was surely ours; by `performance.now()`. */
  sureAtMs: number
}

interface ClaimsOptions {
  db: Database
  jobs: Jobs
  /** How long a claim holds without being renewed: so soon are the jobs of a process found that was killed. */
  claimMs: number
  /** Breaks off everything. */
  signal: AbortSignal
  onError: (error: unknown) => void
}

export interface Claims {
  /** Takes up to so many jobs that wait, of each receiver no more than its share of the places that are free. */
  fetch(count: number, free: number): Promise<Claim[]>
  /** Its job is done or was given back. */
  release(claim: Claim): void
  /** Renews what is held, and frees the jobs of processes that renew nothing any more. To be called all the time. */
  keep(onFreed: () => void): void
  /** Waits for what `keep` has begun. */
  stop(): Promise<void>
}

/**
 * Keeps book of the jobs that this process works on. A job belongs to a process for `claimMs`, from the time that it
 * was fetched or renewed last; after a third of that it is renewed, and after two thirds without success its attempt is
 * broken off, before anyone else begins the same.
 */
export function createClaims({ db, jobs, claimMs, signal, onError }: ClaimsOptions): Claims {
  const held = new Set<HeldClaim>()
  let keeping: Promise<void> | undefined
  signal.addEventListener('abort', () => held.forEach(({ controller }) => controller.abort()))

  function hold({ id, retryCount, data }: Job<Lane>, sureAtMs: number): Claim {
    const controller = new AbortController()
    if (signal.aborted) controller.abort()
    const claim = { job: { id, retryCount }, lane: data, signal: controller.signal, controller, sureAtMs }
    held.add(claim)
    return claim
  }

  const heldFor = (shareOfTime: number): HeldClaim[] => (
    [...held].filter(({ sureAtMs }) => performance.now() - sureAtMs >= claimMs * shareOfTime)
  )

  async function renew(): Promise<void> {
    const claims = heldFor(1 / 3)
    if (claims.length === 0) return
    const askedAtMs = performance.now()
    const ours = await renewJobs(db, deliveryQueue, claims.map(({ job }) => job))
    for (const claim of claims) {
      if (ours.has(claim.job.id)) claim.sureAtMs = askedAtMs
      else claim.controller.abort()
    }
  }

  async function free(onFreed: () => void): Promise<void> {
    const lapsed = await findLapsedJobs(db, deliveryQueue, claimMs)
    if (lapsed.length === 0) return
    await jobs.fail(deliveryQueue, lapsed)
    onFreed()
  }

  return {
    fetch: async (count, free) => {
      const askedAtMs = performance.now()
      const perReceiver = Math.max(1, Math.floor(free * shareOfFree))
      const found = await jobs.fetch<Lane>(deliveryQueue, {
        batchSize: count,
        groupConcurrency: { default: perReceiver, tiers: { [failingTier]: Math.min(perReceiver, perFailingReceiver) } },
      })
      return found.map((job) => hold(job, askedAtMs))
    },
    release: (claim) => void held.delete(claim as HeldClaim),
    keep(onFreed) {
      for (const { controller } of heldFor(2 / 3)) controller.abort()
      keeping ??= renew().then(() => free(onFreed)).catch(onError).finally(() => {
        keeping = undefined
      })
    },
    stop: async () => keeping,
  }
}
