import { runTogether, type Statement } from '../database/statements.ts'
import type { Transaction } from '../database/schema.ts'
import type { ClaimedTurn, StartedTurn } from './claimed-turn.ts'
import { type HistoryMessage, readHistories } from './read-history.ts'
import { type PastApproval, readPastApprovals } from './read-past-approvals.ts'

type Histories = Map<string, HistoryMessage[]>
type Approvals = Map<string, PastApproval[]>

/** What the prompts of turns need to know of what happened in their conversations before. */
export function selectPasts(turns: readonly StartedTurn[]): [Statement<Histories>, Statement<Approvals>] {
  return [readHistories(turns), readPastApprovals(turns)]
}

/** Turns with their pasts, by id. */
export function addPasts(
  turns: readonly StartedTurn[], histories: Histories, approvals: Approvals,
): Map<string, ClaimedTurn> {
  return new Map(turns.map((turn) => (
    [turn.id, { ...turn, history: histories.get(turn.id)!, pastApprovals: approvals.get(turn.id) ?? [] }]
  )))
}

export async function readPasts(tx: Transaction, turns: readonly StartedTurn[]): Promise<Map<string, ClaimedTurn>> {
  return addPasts(turns, ...await runTogether(tx, selectPasts(turns)))
}
