import { runTogether, type Statement } from '../database/statements.ts'
import type { Transaction } from '../database/schema.ts'
import type { ClaimedTurn, StartedTurn } from './claimed-turn.ts'
import { type Decision, readDecisions } from './read-decisions.ts'
import { type HistoryMessage, readHistories } from './read-history.ts'

type Histories = Map<string, HistoryMessage[]>
type Decisions = Map<string, Decision[]>

/** What the prompts of turns need to know of what happened in their conversations before. */
export function selectPasts(turns: readonly StartedTurn[]): [Statement<Histories>, Statement<Decisions>] {
  return [readHistories(turns), readDecisions(turns)]
}

/** Turns with their pasts, by id. */
export function addPasts(
  turns: readonly StartedTurn[], histories: Histories, decisions: Decisions,
): Map<string, ClaimedTurn> {
  return new Map(turns.map((turn) => (
    [turn.id, { ...turn, history: histories.get(turn.id)!, decisions: decisions.get(turn.id) ?? [] }]
  )))
}

export async function readPasts(tx: Transaction, turns: readonly StartedTurn[]): Promise<Map<string, ClaimedTurn>> {
  return addPasts(turns, ...await runTogether(tx, selectPasts(turns)))
}
