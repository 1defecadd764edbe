import type { FastifyBaseLogger } from 'fastify'
import type { OpenDatabase } from '../database/open.ts'
import { keyOf } from '../database/key-of.ts'
import { inOrganization } from '../database/transactions.ts'
import { HiloError } from '../errors.ts'
import type { EventBell } from '../events/event-bell.ts'
import type { Ingest } from '../ingest.ts'
import type { ConversationAddress } from './claim-turn.ts'
import { Conductor, type Waiter } from './conductor.ts'
import { endLeftTurn } from './end-left-turn.ts'
import type { SettledQuestion } from './read-settled.ts'
import { openAgain } from './open-again.ts'
import type { Question } from './question.ts'
import { createRunner, type Left } from './runners.ts'
import type { Think } from './think.ts'

/** Times that tests shorten; milliseconds. */
export interface AnswerTimes {
  /** How often this process says that it is alive, and looks for what others left. */
  beatMs: number
  /** How often a turn of another process is asked after, besides when it rings. */
  pollMs: number
  /** How long a repeat waits for the first call. */
  repeatMs: number
  /** How long a stop waits for turns that run. */
  patienceMs: number
}

const usualTimes: AnswerTimes = { beatMs: 4_000, pollMs: 1_000, repeatMs: 60_000, patienceMs: 5_000 }

export interface Asked extends ConversationAddress {
  messageId: string
  /** Asked before: its answer may be there, or on its way. */
  isRepeat: boolean
  /** As it was asked this time. */
  question: Question
  agentId: string
  apiKeyId: string
}

export interface AnswerListener extends Pick<Waiter, 'onText' | 'onToolCall' | 'onRestart'> {
  /** The caller goes away. */
  signal: AbortSignal
}

/** The AI's side of the conversations. */
export interface Answers {
  /** Waits for what becomes of a question. @throws HiloError TURN_IN_PROGRESS for a repeat that waited too long. */
  ask(asked: Asked, listener: AnswerListener): Promise<SettledQuestion>
  /** A question was recorded for which nobody waits. */
  begin(asked: Asked): Promise<void>
  start(log: Pick<FastifyBaseLogger, 'warn'>): Promise<void>
  /** Begins nothing new. Turns that take too long are broken off; questions for which nobody waits stay open. */
  stop(): Promise<void>
}

interface AnswerParts {
  database: OpenDatabase
  ingest: Ingest
  eventBell: EventBell
  think: Think
  times?: Partial<AnswerTimes>
}

export function createAnswers({ database, ingest, eventBell, think, times }: AnswerParts): Answers {
  const { db } = database
  const { beatMs, pollMs, repeatMs, patienceMs } = { ...usualTimes, ...times }
  const runner = createRunner(database)
  const conductors = new Map<string, Conductor>()
  let onError = (_error: unknown): void => {}
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  let beating: Promise<void> = Promise.resolve()

  /** The one for a conversation; it begins at once. */
  const conductorOf = ({ organizationId, conversationId }: ConversationAddress): Conductor => {
    const key = keyOf(organizationId, conversationId)
    const found = conductors.get(key)
    if (found) return found
    const onIdle = () => void conductors.delete(key)
    const created = new Conductor({ organizationId, conversationId }, {
      db, ingest, think, runnerId: runner.id, pollMs, onIdle, onError: (error) => onError(error),
    })
    conductors.set(key, created)
    return created
  }

  const takeUp = async ({ turns, conversations }: Left): Promise<void> => {
    for (const left of turns) await endLeftTurn(db, left)
    if (isStopped) return
    for (const address of [...conversations, ...turns]) conductorOf(address).prompt()
  }

  const beat = async (): Promise<void> => {
    try {
      await takeUp(await runner.beat())
    } catch (error) {
      onError(error)
    }
    if (!isStopped) timer = setTimeout(() => void (beating = beat()), beatMs)
  }

  const unlisten = eventBell.listen((organizationIds) => {
    const rang = new Set(organizationIds)
    for (const conductor of conductors.values()) if (rang.has(conductor.organizationId)) conductor.wake()
  })

  const openIfRepeat = async (asked: Asked): Promise<void> => {
    if (asked.isRepeat) await inOrganization(db, asked.organizationId, (tx) => openAgain(tx, asked))
  }

  return {
    async ask(asked, { signal, ...hears }) {
      await openIfRepeat(asked)
      const { promise, resolve, reject } = Promise.withResolvers<SettledQuestion>()
      if (signal.aborted || isStopped) throw stopped()
      const waiter: Waiter = { messageId: asked.messageId, resolve, reject, ...hears }
      const conductor = conductorOf(asked)
      conductor.prompt(waiter)
      const leave = () => {
        conductor.remove(waiter)
        reject(stopped())
      }
      const giveUp = () => {
        conductor.remove(waiter)
        reject(inProgress())
      }
      signal.addEventListener('abort', leave, { once: true })
      const limit = asked.isRepeat ? setTimeout(giveUp, repeatMs) : undefined
      return promise.finally(() => {
        clearTimeout(limit)
        signal.removeEventListener('abort', leave)
      })
    },
    async begin(asked) {
      await openIfRepeat(asked)
      if (!isStopped) conductorOf(asked).prompt()
    },
    async start(log) {
      onError = (error) => log.warn({ err: error }, 'a turn of the AI failed inside Hilo')
      beating = beat()
      await beating
    },
    async stop() {
      isStopped = true
      clearTimeout(timer)
      unlisten()
      await beating
      const busy = [...conductors.values()]
      for (const conductor of busy) conductor.stop()
      const patience = setTimeout(() => busy.forEach((conductor) => conductor.interrupt()), patienceMs)
      await Promise.all(busy.map((conductor) => conductor.done))
      clearTimeout(patience)
      await runner.leave().catch(onError)
    },
  }
}

function stopped(): HiloError {
  return new HiloError('UNAVAILABLE', 'The answer was broken off. Send the request again, with the same Idempotency-Key.')
}

function inProgress(): HiloError {
  return new HiloError('TURN_IN_PROGRESS', 'The first call with this externalId or Idempotency-Key still runs.', {
    hint: 'Send it again in a moment: the answer is then there, or is waited for again.',
  })
}
