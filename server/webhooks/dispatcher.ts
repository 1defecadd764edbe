import type { Database } from '../database/schema.ts'
import type { Jobs } from '../jobs/start-jobs.ts'
import { dispatchEvents, lookAround, queueWaiting } from './dispatch-events.ts'

interface DispatcherOptions {
  db: Database
  jobs: Jobs
  /** There may be jobs to do now. */
  onQueued: () => void
  onError: (error: unknown) => void
}

export interface Dispatcher {
  /** The logs of these organizations have grown. Costs nothing for those that have no endpoint. */
  wake(organizationIds: readonly string[]): void
  /**
   * Finds by itself what there is to do: for the start, after a change of endpoints or a wish to send again, and from
   * time to time against wake-ups that got lost.
   */
  lookAround(): void
  /** Begins nothing new and waits for what has begun. */
  stop(): Promise<void>
}

/** Turns events into jobs, one transaction at a time in this process; who calls meanwhile is served together, next. */
export function createDispatcher({ db, jobs, onQueued, onError }: DispatcherOptions): Dispatcher {
  const woken = new Set<string>()
  /** As of the last look around: an endpoint that another process creates is found within a poll. */
  let recipients: ReadonlySet<string> = new Set()
  let isToLook = false
  let isStopped = false
  let running: Promise<void> | undefined

  async function look(): Promise<void> {
    isToLook = false
    const situation = await lookAround(db)
    recipients = situation.recipients
    for (const id of situation.behind) woken.add(id)
    if (situation.isAnyUnqueued) isToLook ||= await queueWaiting(db, jobs)
    if (situation.isAnyUnqueued || situation.isAnyDue) onQueued()
  }

  async function dispatch(): Promise<void> {
    if (woken.size === 0) return
    const organizationIds = [...woken]
    woken.clear()
    if (await dispatchEvents(db, jobs, organizationIds)) for (const id of organizationIds) woken.add(id)
    onQueued()
  }

  const isAnything = (): boolean => !isStopped && (woken.size > 0 || isToLook)

  async function runAll(): Promise<void> {
    while (isAnything()) {
      await dispatch()
      if (isToLook) await look() // takes a piece of what waits, and then it is the turn of what is new again
    }
  }

  function run(): void {
    if (!isAnything()) return
    running ??= runAll().catch(onError).finally(() => {
      running = undefined // what failed is taken up by the next wake-up or look around
    })
  }

  return {
    wake(organizationIds) {
      for (const id of organizationIds) if (recipients.has(id)) woken.add(id)
      run()
    },
    lookAround() {
      isToLook = true
      run()
    },
    stop: async () => {
      isStopped = true
      await running
    },
  }
}
