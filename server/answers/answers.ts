import type { FastifyBaseLogger } from 'fastify'
import { createHeart } from '../create-heart.ts'
import type { OpenDatabase } from '../database/open.ts'
import { inOrganization } from '../database/transactions.ts'
import { HiloError } from '../errors.ts'
import type { EventBell } from '../events/event-bell.ts'
import type { Ingest } from '../ingest.ts'
import type { NewMessage, Outcome } from '../messages/new-message.ts'
import { type ConversationAddress, toWork } from './claimed-turn.ts'
import type { Conductor, Waiter } from './conductor.ts'
import { createConductors } from './conductors.ts'
import { endLeftTurn } from './end-left-turn.ts'
import { endInterrupted } from './end-running-turn.ts'
import type { SettledQuestion } from './read-settled.ts'
import { createOffers } from './offers.ts'
import { isWaitedFor, openAgain } from './open-again.ts'
import type { Question } from './question.ts'
import { gatherClaims } from './gather-claims.ts'
import { createRunner, type Left } from './runners.ts'
import type { Claimed } from './start-turns.ts'
import type { Think } from './think.ts'

/** Times that tests shorten; milliseconds. */
export interface AnswerTimes {
  /** How often this process says that it is alive, and looks for what others left. */
  beatMs: number
  /** A process that was not heard of for so long does not run any more: others end its turns. */
  aliveMs: number
  /** How often a turn of another process is asked after, besides when it rings. */
  pollMs: number
  /** How long a repeat waits for the first call. */
  repeatMs: number
  /** How long a stop waits for turns that run. */
  patienceMs: number
}

const usualTimes: AnswerTimes = { beatMs: 4_000, aliveMs: 15_000, pollMs: 1_000, repeatMs: 60_000, patienceMs: 5_000 }

export interface Asked extends ConversationAddress {
  messageId: string
  /** Asked before: its answer may be there, or on its way. */
  isRepeat: boolean
  /** As it was asked this time. */
  question: Question
  agentId: string
  apiKeyId: string
  /** The turn that began with it. */
  begun?: Claimed
}

export interface AnswerListener extends Pick<Waiter, 'onText' | 'onToolCall' | 'onRestart'> {
  /** The caller goes away. */
  signal: AbortSignal
}

/** The AI's side of the conversations. */
export interface Answers {
  /** Records a question, with which its turn begins where nothing stands in the way. `ask` or `begin` has to follow. */
  record(question: NewMessage): Promise<Outcome>
  /** Waits for what becomes of a question. @throws HiloError TURN_IN_PROGRESS for a repeat that waited too long. */
  ask(asked: Asked, listener: AnswerListener): Promise<SettledQuestion>
  /** For a question that nobody waits for. @throws HiloError TURN_IN_PROGRESS where another call waits for it. */
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
  const { beatMs, aliveMs, pollMs, repeatMs, patienceMs } = { ...usualTimes, ...times }
  const runner = createRunner(database, aliveMs)
  let onError = (_error: unknown): void => {}
  const conductors = createConductors({
    db, ingest, think, claimTurn: gatherClaims(db, runner.id), pollMs, onError: (error) => onError(error),
  })
  const unlisten = eventBell.listen(conductors.wake)
  const offers = createOffers(ingest, runner.id)
  const listTurnIds = () => [...offers.listTurnIds(), ...conductors.listTurnIds()]
  let isStopped = false

  const takeUp = async ({ turns, conversations }: Left): Promise<void> => {
    const running = new Set(listTurnIds()) // also those that began since the beat
    for (const left of turns) if (!running.has(left.id)) await endLeftTurn(db, left).catch(onError)
    if (isStopped) return
    for (const address of [...conversations, ...turns]) conductors.of(address).prompt()
  }
  const heart = createHeart(async () => takeUp(await runner.beat(listTurnIds())), {
    beatMs, onError: (error) => onError(error),
  })

  const prompt: Waiting['prompt'] = async (asked, waiter) => {
    const { begun } = asked
    const isFirst = !asked.isRepeat || await inOrganization(db, asked.organizationId, (tx) => openAgain(tx, asked))
    if (isStopped) {
      if (begun) await endInterrupted(db, toWork(begun.turn)).catch(onError)
      throw stopped()
    }
    if (begun) offers.handOver(begun)
    const conductor = conductors.of(asked)
    conductor.prompt({ waiter, begun })
    return { conductor, isFirst }
  }

  return {
    record: offers.record,
    ask: (asked, listener) => waitFor(asked, listener, { prompt, repeatMs }),
    async begin(asked) {
      const { isFirst } = await prompt(asked)
      if (isFirst) return
      if (await inOrganization(db, asked.organizationId, (tx) => isWaitedFor(tx, asked))) throw inProgress()
    },
    async start(log) {
      onError = (error) => log.warn({ err: error }, 'a turn of the AI failed inside Hilo')
      await heart.start()
    },
    async stop() {
      isStopped = true
      unlisten()
      await heart.stop()
      await conductors.stop(patienceMs)
      await runner.leave().catch(onError)
    },
  }
}

interface Waiting extends Pick<AnswerTimes, 'repeatMs'> {
  /** `isFirst`: no other call had asked, or it was to no avail. */
  prompt(asked: Asked, waiter?: Waiter): Promise<{ conductor: Conductor, isFirst: boolean }>
}

/** Waits until the question is settled, the caller goes away, or it took too long. */
async function waitFor(
  asked: Asked, { signal, ...hears }: AnswerListener, { prompt, repeatMs }: Waiting,
): Promise<SettledQuestion> {
  const { promise, resolve, reject } = Promise.withResolvers<SettledQuestion>()
  const waiter: Waiter = { messageId: asked.messageId, resolve, reject, ...hears }
  const { conductor, isFirst } = await prompt(asked, waiter)
  const leave = (error: HiloError) => {
    conductor.remove(waiter)
    reject(error)
  }
  const onLimit = () => {
    if (!conductor.runsOnlyFor(waiter)) leave(inProgress())
  }
  const onGone = () => leave(stopped())
  signal.addEventListener('abort', onGone, { once: true })
  if (signal.aborted) onGone()
  const limit = isFirst ? undefined : setTimeout(onLimit, repeatMs)
  return promise.finally(() => {
    clearTimeout(limit)
    signal.removeEventListener('abort', onGone)
  })
}

function stopped(): HiloError {
  return new HiloError('UNAVAILABLE', 'The answer was broken off. Send the request again, with the same Idempotency-Key or '
    + 'externalId.')
}

function inProgress(): HiloError {
  return new HiloError('TURN_IN_PROGRESS', 'The first call with this externalId or Idempotency-Key still runs.', {
    hint: 'Send it again in a moment: the answer is then there, or is asked for again.',
  })
}
