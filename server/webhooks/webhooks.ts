import { setTimeout as setTimeoutPromise } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { keyOf } from '../database/key-of.ts'
import type { OpenDatabase } from '../database/open.ts'
import { inOrganization } from '../database/transactions.ts'
import { createEncryption, type Encryption } from '../encryption/encrypt.ts'
import type { EventBell } from '../events/event-bell.ts'
import { createGuardedClient } from '../guarded-client/guarded-fetch.ts'
import type { ConfigWithSecret } from '../read-secret.ts'
import { type AnsweringAgent, ensureAnswersEndpoint } from './answers-endpoint.ts'
import { retryDelaysMs } from './retry-schedule.ts'
import { type RunningWebhooks, type RunOptions, runWebhooks } from './run-webhooks.ts'
import { createSendEvent, type SendEvent } from './send-event.ts'

/** Times that tests shorten; milliseconds. */
export interface WebhookTimes {
  /** After the first, second… failed attempt of an event. */
  retryDelaysMs: readonly number[]
  /** For one attempt. */
  timeoutMs: number
  /** How often is looked for what is due. */
  pollMs: number
  /** How soon another process takes over what one that was killed had begun. */
  claimMs: number
  /** How long a stop waits for attempts on their way. */
  patienceMs: number
  /** How long after the server the job queue starts: loading it must not hold up the first requests. */
  startAfterMs: number
}

const usualTimes: WebhookTimes = {
  retryDelaysMs, timeoutMs: 15_000, pollMs: 1_000, claimMs: 7_000, patienceMs: 3_000, startAfterMs: 500,
}

const startAgainAfterMs = 5_000

type Log = Pick<FastifyBaseLogger, 'warn'>

/** Outbound webhooks of this process. */
export interface Webhooks {
  encryption: Encryption
  send: SendEvent
  /** Sees to it that an agent can send answers to addresses of calls: before such a call is recorded. */
  prepareAnswers(agent: AnsweringAgent): Promise<void>
  /** Endpoints were changed, or events are to be sent again, and that is committed. */
  lookAround(): void
  /** Begins to deliver, in the background: the server need not wait for it. */
  start(log: Log): void
  /** Begins nothing new; attempts that take too long are broken off and made again by whoever comes next. */
  stop(): Promise<void>
}

/** Sends single events; the command line tests endpoints with it. */
export interface Sender {
  encryption: Encryption
  send: SendEvent
  close(): Promise<void>
}

/** @param timeoutMs for one attempt. */
export function createSender(config: ConfigWithSecret, timeoutMs = usualTimes.timeoutMs): Sender {
  const encryption = createEncryption(config.secret, 'webhook secrets')
  const client = createGuardedClient({ allowPrivate: config.allowPrivateTargets })
  return { encryption, send: createSendEvent({ client, encryption, timeoutMs }), close: () => client.close() }
}

interface WebhookParts {
  database: OpenDatabase
  eventBell: EventBell
  times?: Partial<WebhookTimes>
}

/** Puts outbound webhooks together; nothing happens before `start`. */
export function createWebhooks(config: ConfigWithSecret, { database, eventBell, times }: WebhookParts): Webhooks {
  const allTimes = { ...usualTimes, ...times }
  const { encryption, send, close } = createSender(config, allTimes.timeoutMs)
  const waiting = new AbortController()
  const stopping = new AbortController()
  let starting: Promise<RunningWebhooks | undefined> | undefined
  const prepared = new Set<string>() // those endpoints stay for good
  let running: RunningWebhooks | undefined // what is committed before the start is found by the start
  return {
    encryption,
    send,
    async prepareAnswers(agent) {
      const key = keyOf(agent.organizationId, agent.agentId)
      if (prepared.has(key)) return
      const isNew = await inOrganization(database.db, agent.organizationId, (tx) => (
        ensureAnswersEndpoint(tx, agent, encryption)
      ))
      prepared.add(key)
      if (isNew) running?.lookAround()
    },
    lookAround: () => running?.lookAround(),
    start(log) {
      starting = runInTime({ database, send, times: allTimes, signal: stopping.signal, log }, waiting.signal)
        .then((one) => running = one)
      const unlisten = eventBell.listen((organizationIds) => running?.wake(organizationIds))
      stopping.signal.addEventListener('abort', unlisten)
    },
    async stop() {
      waiting.abort()
      const stopped = (await starting)?.stop()
      const patience = setTimeout(() => stopping.abort(), allTimes.patienceMs)
      await stopped
      clearTimeout(patience)
      stopping.abort()
      await close()
    },
  }
}

/** Starts them after a moment, and again as long as it fails: the database may be away. Undefined if stopped before. */
async function runInTime(options: RunOptions, stopWaiting: AbortSignal): Promise<RunningWebhooks | undefined> {
  for (let waitMs = options.times.startAfterMs; !stopWaiting.aborted; waitMs = startAgainAfterMs) {
    await setTimeoutPromise(waitMs, undefined, { signal: stopWaiting }).catch(() => {})
    if (stopWaiting.aborted) return undefined
    try {
      return await runWebhooks(options)
    } catch (error) {
      options.log.warn({ err: error }, 'webhooks do not start; it is tried again')
    }
  }
  return undefined
}
