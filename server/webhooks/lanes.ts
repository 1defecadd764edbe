import { inOrder } from '../database/in-order.ts'
import { keyOf } from '../database/key-of.ts'
import type { Database, Transaction } from '../database/schema.ts'
import { asOwner } from '../database/transactions.ts'
import { hurryJobs } from '../jobs/hurry-jobs.ts'
import { inTransaction } from '../jobs/in-transaction.ts'
import type { Jobs } from '../jobs/start-jobs.ts'
import { receiverOf } from './wanted-events.ts'

export const deliveryQueue = 'webhook_deliveries'

/** Deliveries of an endpoint that go one after the other. A job stands for a lane, not for a delivery. */
export interface Lane {
  organizationId: string
  endpointId: string
  lane: string
}

export interface WaitingLane extends Lane {
  /** Its endpoint, or its own address, fails at present: it gets few connections, so that others find theirs. */
  isFailing: boolean
  /** Not before then. */
  startAfter?: Date
}

/** Name of the group of failing endpoints' jobs, which has a lower limit. */
export const failingTier = 'failing'

/** Seconds; an attempt takes at most 15, and then its outcome is written. Claims lapse sooner (claims.ts). */
const expireInSeconds = 30

/**
 * One job runs and one waits for each lane at most (`stately`). A lane's next delivery is looked up when its job
 * begins, so that a job too many does nothing and none too few can be.
 */
export async function createDeliveryQueue(jobs: Jobs): Promise<void> {
  const options = { expireInSeconds, retryLimit: 1_000_000, retryDelay: 0, retentionSeconds: 30 * 86_400 }
  await jobs.createQueue(deliveryQueue, { policy: 'stately', ...options })
  // Finds nothing, but pg-boss now has the queue in mind: inside a transaction it could not ask the embedded database.
  await jobs.fetch(deliveryQueue, { batchSize: 1, minPriority: 1_000 })
}

/**
 * Where this process is the only one, every job that seems to run at the start was left by a process that was killed.
 * Instead of waiting until it expires: away with them all, deliveries without a job get one anyway.
 */
export async function makeJobsAnew(db: Database, jobs: Jobs): Promise<void> {
  await jobs.deleteAllJobs(deliveryQueue)
  await asOwner(db, (tx) => tx.updateTable('webhook_deliveries').set({ is_queued: false })
    .where('is_pending', '=', true).where('is_queued', '=', true).execute())
}

const jobKey = ({ organizationId, endpointId, lane }: Lane): string => `${organizationId}/${endpointId}/${lane}`

/** Each lane once, in one and the same order: two transactions never wait for each other's keys in a circle. */
function distinct<One extends Lane>(lanes: readonly One[]): One[] {
  const byKey = new Map(lanes.map((one) => [keyOf(one.organizationId, one.endpointId, one.lane), one]))
  return inOrder(['organizationId', 'endpointId', 'lane'], [...byKey.values()])
}

/** What fails has places of its own, and few: what is to be tried for the first time does not wait for it. */
function groupOf(lane: Lane, isFailing: boolean): { id: string, tier?: string } {
  const id = receiverOf(lane)
  return isFailing ? { id: `${id}/${failingTier}`, tier: failingTier } : { id }
}

/** Makes a job for each lane, in the transaction that gave it something to do. One that waits already is enough. */
export async function queueLanes(tx: Transaction, jobs: Jobs, lanes: readonly WaitingLane[]): Promise<void> {
  if (lanes.length === 0) return
  const wanted = distinct(lanes).map(({ organizationId, endpointId, lane, isFailing, startAfter }) => ({
    data: { organizationId, endpointId, lane },
    singletonKey: jobKey({ organizationId, endpointId, lane }),
    group: groupOf({ organizationId, endpointId, lane }, isFailing),
    ...(startAfter && { startAfter }),
  }))
  await jobs.insert(deliveryQueue, wanted, { db: inTransaction(tx) })
}

/** Lets jobs that wait for their time begin now, in the places of what does not fail. */
export function hurryLanes(tx: Transaction, lanes: readonly Lane[]): Promise<void> {
  return hurryJobs(tx, deliveryQueue, distinct(lanes).map((lane) => (
    { singletonKey: jobKey(lane), groupId: groupOf(lane, false).id }
  )))
}
