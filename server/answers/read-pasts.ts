import type { Transaction } from '../database/schema.ts'
import type { ClaimedTurn, StartedTurn } from './claimed-turn.ts'
import { readDecisions } from './read-decisions.ts'
import { readHistories } from './read-history.ts'

/** Turns with what happened in their conversations before, by id. */
export async function readPasts(tx: Transaction, turns: readonly StartedTurn[]): Promise<Map<string, ClaimedTurn>> {
  const histories = await readHistories(tx, turns)
  const decisions = await readDecisions(tx, turns)
  return new Map(turns.map((turn) => (
    [turn.id, { ...turn, history: histories.get(turn.id)!, decisions: decisions.get(turn.id) ?? [] }]
  )))
}
