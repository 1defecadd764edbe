import type { Check } from '../verify.ts'
import type { Arrivals } from './arrivals.ts'
import type { LoggedEvent } from './logged-events.ts'
import type { ReaderResult } from './stream-readers.ts'

type Logs = readonly Map<number, LoggedEvent>[]

/** Each reader must have got 1, 2, 3… up to the newest event of its organization, and nothing else. */
export function checkReaders(readers: readonly ReaderResult[], logs: Logs): Check[] {
  return [
    { what: 'events that a reader did not get', count: sum(readers.map((one) => countMissing(one, 1, logs))) },
    { what: 'events that a reader got twice', count: sum(readers.map(countRepeated)) },
    { what: 'events out of order at a reader', count: sum(readers.map(({ seqs }) => countFalling([...seqs]))) },
    { what: 'events of another organization', count: sum(readers.map(({ foreign }) => foreign)) },
  ]
}

/** Each endpoint must have got everything from `firstSeqs` on, and the events of a conversation in their order. */
export function checkEndpoints(endpoints: readonly Arrivals[], firstSeqs: readonly number[], logs: Logs): Check[] {
  const missing = endpoints.map((one, place) => countMissing(one, firstSeqs[place]!, logs))
  return [
    { what: 'events that an endpoint did not get', count: sum(missing) },
    { what: 'events out of order in their conversation', count: sum(endpoints.map((one) => countMisordered(one, logs))) },
  ]
}

/** Attempts for events that had been sent before; a sender may do that, whoever receives can tell by `webhook-id`. */
export const countRepeated = ({ seqs }: Arrivals): number => seqs.length - new Set(seqs).size

function countMissing({ tenant, seqs }: Arrivals, firstSeq: number, logs: Logs): number {
  const got = new Set(seqs)
  return [...logs[tenant]!.keys()].filter((seq) => seq >= firstSeq && !got.has(seq)).length
}

function countMisordered({ tenant, seqs }: Arrivals, logs: Logs): number {
  const conversations = new Map<string, number[]>()
  for (const seq of new Set(seqs)) {
    const conversationId = logs[tenant]!.get(seq)?.conversationId
    if (typeof conversationId !== 'string') continue
    const before = conversations.get(conversationId)
    if (before) before.push(seq)
    else conversations.set(conversationId, [seq])
  }
  return sum([...conversations.values()].map(countFalling))
}

const countFalling = (seqs: readonly number[]): number => (
  seqs.filter((seq, place) => place > 0 && seq < seqs[place - 1]!).length
)

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0)
