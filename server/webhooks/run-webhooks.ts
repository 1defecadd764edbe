import type { FastifyBaseLogger } from 'fastify'
import type { OpenDatabase } from '../database/open.ts'
import { type Jobs, startJobs, stopJobs } from '../jobs/start-jobs.ts'
import { createClaims } from './claims.ts'
import { createDeliverer } from './deliver.ts'
import { createDispatcher } from './dispatcher.ts'
import { createDeliveryQueue, makeJobsAnew } from './lanes.ts'
import type { SendEvent } from './send-event.ts'
import type { WebhookTimes } from './webhooks.ts'
import { createLaneWork } from './work-on-lanes.ts'

export interface RunOptions {
  database: OpenDatabase
  send: SendEvent
  times: WebhookTimes
  /** Breaks off what is on its way. */
  signal: AbortSignal
  log: Pick<FastifyBaseLogger, 'warn'>
}

export interface RunningWebhooks {
  wake(organizationIds: readonly string[]): void
  lookAround(): void
  /** Begins nothing new and waits for what has begun. */
  stop(): Promise<void>
}

/** Starts the job queue, and then dispatching and delivering over it. */
export async function runWebhooks({ database, send, times, signal, log }: RunOptions): Promise<RunningWebhooks> {
  const { db } = database
  const onError = (error: unknown) => log.warn({ err: error }, 'delivering webhooks failed; it is tried again')
  const jobs = await startQueue(database, onError)
  const claims = createClaims({ db, jobs, claimMs: times.claimMs, signal, onError })
  const work = createLaneWork({ db, jobs, send, retryDelaysMs: times.retryDelaysMs, onError })
  const deliverer = createDeliverer({ claims, work, onError })
  const dispatcher = createDispatcher({ db, jobs, onQueued: deliverer.wake, onError })
  const poll = setInterval(() => {
    dispatcher.lookAround()
    claims.keep(deliverer.wake)
  }, times.pollMs)
  dispatcher.lookAround()
  return {
    wake: dispatcher.wake,
    lookAround: dispatcher.lookAround,
    stop: async () => {
      await dispatcher.stop()
      await deliverer.stop()
      clearInterval(poll)
      await claims.stop()
      await stopJobs(jobs)
    },
  }
}

/** Whoever starts it again after a failure must not leave one behind, with its connections and timers. */
async function startQueue(
  { db, kind, jobs: place }: OpenDatabase, onError: (error: unknown) => void,
): Promise<Jobs> {
  const jobs = await startJobs(place, onError)
  try {
    await createDeliveryQueue(jobs)
    if (kind === 'pglite') await makeJobsAnew(db, jobs)
    return jobs
  } catch (error) {
    await stopJobs(jobs).catch(onError)
    throw error
  }
}
