import { isUnavailable } from '../database/database-errors.ts'
import type { Database } from '../database/schema.ts'
import { inOrganization } from '../database/transactions.ts'
import { HiloError } from '../errors.ts'
import type { Ingest } from '../ingest.ts'
import type { ModelListener } from '../models/model-call.ts'
import { type ClaimedTurn, toWork } from './claimed-turn.ts'
import { endAborted, endFailed, endInterrupted, endWith, endWordless } from './end-running-turn.ts'
import { readTurnAgain } from './read-turn-again.ts'
import { recordAnswer } from './record-answer.ts'
import { recordLateUsage } from './record-late-usage.ts'
import type { Think, Thought } from './think.ts'
import { type TurnEnd, type TurnError, turnErrors, type TurnWork } from './turn-answer.ts'
import { addUsage } from '../models/usage.ts'

/** How often a turn begins again because the customer wrote on. */
const mostRestarts = 3

export interface RunOptions {
  db: Database
  ingest: Ingest
  think: Think
  /** Hears of faults of ours, and of a database that stays away. */
  onError(error: unknown): void
}

/** Why a turn is broken off: nobody waits for its answer any more, or this process stops. */
export type Breaking = 'gone' | 'stopping'

export interface TurnListener extends ModelListener {
  /** Breaks the turn off. Looked at anew after each restart: what others wait for by then has a signal of its own. */
  readonly signal: AbortSignal
  /** What was said so far does not count: the customer wrote on, and the turn begins again with what is open. */
  onRestart(turn: ClaimedTurn): void
}

/** Where a turn stands. */
export interface Progress {
  turn: ClaimedTurn
  /** Of all attempts so far. */
  work: TurnWork
}

/** A turn in its present attempt: what it was told, and what came of it. */
export interface Attempt extends Progress {
  thought: Thought
}

/**
 * Runs a turn to its end: asks the model, and records the answer if nothing newer has arrived. Else it begins again, or
 * ends where a human came in. @returns undefined where the turn was ended elsewhere meanwhile.
 */
export async function runTurn(
  options: RunOptions, claimed: ClaimedTurn, listener: TurnListener,
): Promise<TurnEnd | undefined> {
  const progress: Progress = { turn: claimed, work: toWork(claimed) }
  const end = await carryThrough(options, progress, listener).catch((error: unknown) => (
    endFaulty(options, progress, error)
  ))
  if (!end) await recordLateUsage(options.db, progress.work)
  return end
}

async function carryThrough(
  options: RunOptions, progress: Progress, listener: TurnListener,
): Promise<TurnEnd | undefined> {
  for (;;) {
    const { turn } = progress
    const thought = await options.think(turn, listener)
    const work = progress.work = addThought(progress.work, turn, thought)
    const end = await commit(options, { turn, work, thought }, listener.signal)
    if (end !== 'overtaken') return end
    if (turn.attempt > mostRestarts) {
      return endWith(options.db, work, { outcome: 'overtaken', error: turnErrors.overtaken })
    }
    const again = await inOrganization(options.db, turn.organizationId, (tx) => readTurnAgain(tx, turn))
    if (!again) return undefined
    progress.turn = again
    listener.onRestart(again)
  }
}

/** A fault of ours, or a database that stays away. What was done until then is paid for all the same. */
async function endFaulty(
  { db, onError }: RunOptions, { turn, work }: Progress, error: unknown,
): Promise<TurnEnd | undefined> {
  onError(error)
  const { seenMessageIds, model, usage, toolCalls } = work
  const done = { ...toWork(turn), seenMessageIds, model, usage, toolCalls }
  return endFailed(db, { turn, work: done }, { error: describeFault(error), requestsHuman: isLeftToHuman(turn) })
}

function describeFault(error: unknown): TurnError {
  if (error instanceof HiloError) return { code: error.code, message: error.message }
  return isUnavailable(error)
    ? { code: 'UNAVAILABLE', message: 'The database was away while the AI answered. Send the request again.' }
    : { code: 'INTERNAL', message: 'The answer failed inside Hilo; its log holds the details.' }
}

/** Where no answer comes, by the settings of the agent. */
function isLeftToHuman({ agent }: ClaimedTurn): boolean {
  return agent.settings.onModelFailure === 'request_human'
}

function addThought(work: TurnWork, turn: ClaimedTurn, thought: Thought): TurnWork {
  const { seenMessageIds, model, usage, toolCalls } = thought
  return {
    ...toWork(turn),
    seenMessageIds,
    model: model ?? work.model,
    usage: addUsage(work.usage, usage),
    toolCalls: [...work.toolCalls, ...toolCalls],
  }
}

type Committed = TurnEnd | undefined | 'overtaken'

async function commit(options: RunOptions, attempt: Attempt, signal: AbortSignal): Promise<Committed> {
  const { turn, work, thought } = attempt
  if (signal.aborted) return signal.reason === 'gone' ? endAborted(options, attempt) : endInterrupted(options.db, work)
  if (thought.error) {
    return endFailed(options.db, attempt, { error: thought.error, requestsHuman: isLeftToHuman(turn) })
  }
  const outcome = thought.text.trim() === ''
    ? await endWordless(options.db, attempt) : await recordAnswer(options.ingest, attempt)
  if (outcome === 'contact') return 'overtaken'
  if (outcome === 'human') return endWith(options.db, work, { outcome: 'human_took_over' })
  return outcome === 'turn' ? undefined : outcome
}
