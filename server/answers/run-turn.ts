import type { Database } from '../database/schema.ts'
import { inOrganization } from '../database/transactions.ts'
import type { Ingest } from '../ingest.ts'
import type { ModelListener } from '../models/model-call.ts'
import { type ClaimedTurn, toWork } from './claimed-turn.ts'
import { endAborted, endInterrupted, endWith, endWordless } from './end-running-turn.ts'
import { readTurnAgain } from './read-turn-again.ts'
import { recordAnswer } from './record-answer.ts'
import { recordLateUsage } from './record-late-usage.ts'
import type { Think, Thought } from './think.ts'
import { type TurnEnd, turnErrors, type TurnWork } from './turn-answer.ts'
import { addUsage } from '../models/usage.ts'

/** How often a turn begins again because the customer wrote on. */
const mostRestarts = 3

export interface RunOptions {
  db: Database
  ingest: Ingest
  think: Think
}

/** Why a turn is broken off: nobody waits for its answer any more, or this process stops. */
export type Breaking = 'gone' | 'stopping'

export interface TurnListener extends ModelListener {
  /** What was said so far does not count: the customer wrote on, and the turn begins again with what is open. */
  onRestart(turn: ClaimedTurn): void
}

/** A turn in its present attempt: what it was told, and what came of it. */
export interface Attempt {
  turn: ClaimedTurn
  /** Of all attempts so far. */
  work: TurnWork
  thought: Thought
}

/**
 * Runs a turn to its end: asks the model, and records the answer if nothing newer has arrived. Else it begins again, or
 * ends where a human came in. @returns undefined where the turn was ended elsewhere meanwhile.
 */
export async function runTurn(
  options: RunOptions, claimed: ClaimedTurn, listener: TurnListener,
): Promise<TurnEnd | undefined> {
  let turn = claimed
  let work: TurnWork = toWork(turn)
  for (;;) {
    const thought = await options.think(turn, listener)
    work = addThought(work, turn, thought)
    const end = await commit(options, { turn, work, thought }, listener.signal)
    if (end === undefined) break
    if (end !== 'overtaken') return end
    if (turn.attempt > mostRestarts) {
      const overtaken = await endWith(options.db, work, { outcome: 'overtaken', error: turnErrors.overtaken })
      if (overtaken) return overtaken
      break
    }
    const again = await inOrganization(options.db, turn.organizationId, (tx) => readTurnAgain(tx, turn))
    if (!again) break
    turn = again
    listener.onRestart(turn)
  }
  await recordLateUsage(options.db, work)
  return undefined
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
  if (signal.aborted) return signal.reason === 'gone' ? endAborted(options, attempt) : endInterrupted(options.db, turn, work)
  if (thought.error) {
    const requestsHuman = turn.agent.settings.onModelFailure === 'request_human'
    return endWith(options.db, work, { outcome: 'failed', error: thought.error, requestsHuman })
  }
  const outcome = thought.text.trim() === ''
    ? await endWordless(options.db, attempt) : await recordAnswer(options.ingest, attempt)
  if (outcome === 'contact') return 'overtaken'
  if (outcome === 'human') return endWith(options.db, work, { outcome: 'human_took_over' })
  return outcome === 'turn' ? undefined : outcome
}
