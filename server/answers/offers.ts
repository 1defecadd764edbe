import { createId } from '../database/create-id.ts'
import type { Ingest } from '../ingest.ts'
import type { NewMessage, Outcome } from '../messages/new-message.ts'
import type { Claimed } from './start-turns.ts'

/** Turns that this process offers with the questions that it records, until their conductors have them. */
export interface Offers {
  /** They may run in the database already. */
  listTurnIds(): string[]
  record(question: NewMessage): Promise<Outcome>
  /** From here on its conductor answers for the turn. */
  handOver(begun: Claimed): void
}

export function createOffers(ingest: Ingest, runnerId: string): Offers {
  const turnIds = new Set<string>()
  return {
    listTurnIds: () => [...turnIds],
    async record(question) {
      const turnId = createId()
      turnIds.add(turnId)
      let outcome: Outcome | undefined
      try {
        [outcome] = await ingest.record([{ ...question, offer: { turnId, runnerId } }])
        return outcome!
      } finally {
        if (!outcome?.ok || !outcome.claimed) turnIds.delete(turnId)
      }
    },
    handOver: ({ turn }) => void turnIds.delete(turn.id),
  }
}
