import { type Measurement, type Percentiles, percentiles } from '../measurement.ts'
import type { Arrivals } from './arrivals.ts'
import type { LoggedEvent } from './logged-events.ts'

/** How long events took to those who wait for them. */
export interface Latency extends Percentiles {
  /** Since the commit, instead of since the event's `timestamp`. */
  sinceCommit: Percentiles
  /** How many arrivals that is. */
  count: number
}

export interface LatencyContext {
  /** Of each tenant, by `seq`. */
  logs: readonly Map<number, LoggedEvent>[]
  load: Measurement
  seconds: number
}

/** Of the events that happened while was measured; where one arrived more than once, the first time counts. */
export function computeLatency(arrivals: readonly Arrivals[], { logs, load, seconds }: LatencyContext): Latency {
  const toMs = load.measuredFromMs + seconds * 1000
  const tookMs: number[] = []
  const sinceCommitMs: number[] = []
  for (const { tenant, seqs, atMs } of arrivals) {
    const seen = new Set<number>()
    seqs.forEach((seq, place) => {
      const event = logs[tenant]!.get(seq)
      if (seen.has(seq) || !event || event.atMs < load.measuredFromMs || event.atMs >= toMs) return
      seen.add(seq)
      tookMs.push(atMs[place]! - event.atMs)
      sinceCommitMs.push(atMs[place]! - event.committedAtMs)
    })
  }
  return { ...percentiles(tookMs), sinceCommit: percentiles(sinceCommitMs), count: tookMs.length }
}
