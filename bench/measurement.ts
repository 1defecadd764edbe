/** Now, in milliseconds since 1970 with fractions: the one clock that all processes of a machine share. */
export const nowMs = (): number => performance.timeOrigin + performance.now()

/** A message that the other side said is stored. */
export interface Acknowledged {
  n: number
  messageId: string
}

export interface Percentiles {
  p50Ms: number
  p99Ms: number
}

export interface Measurement extends Percentiles {
  requestsPerSecond: number
  /** All since the start, those of the warm-up too. */
  acknowledged: Acknowledged[]
  /** The warm-up was over, in milliseconds since 1970. */
  measuredFromMs: number
  failed: number
  /** What the first failure said. */
  firstFailure?: string
}

/** What a measurement says, without the messages. */
export type Figures = Omit<Measurement, 'acknowledged'>

export interface Span {
  warmUpSeconds: number
  seconds: number
}

export interface Recorder {
  isOver(): boolean
  /** Notes a request that succeeded just now and took this long. */
  succeeded(tookMs: number): void
  acknowledged(n: number, messageId: string): void
  failed(reason: string): void
  result(): Measurement
}

/** Measures from now on. What ends during the warm-up or after the span does not count, but its messages do. */
export function createRecorder({ warmUpSeconds, seconds }: Span): Recorder {
  const from = performance.now() + warmUpSeconds * 1000
  const to = from + seconds * 1000
  const tookMs: number[] = []
  const acknowledged: Acknowledged[] = []
  let failed = 0
  let firstFailure: string | undefined
  return {
    isOver: () => performance.now() >= to,
    succeeded: (took) => {
      const now = performance.now()
      if (now >= from && now < to) tookMs.push(took)
    },
    acknowledged: (n, messageId) => void acknowledged.push({ n, messageId }),
    failed: (reason) => {
      failed += 1
      firstFailure ??= reason
    },
    result: () => ({
      requestsPerSecond: tookMs.length / seconds, ...percentiles(tookMs), acknowledged,
      measuredFromMs: performance.timeOrigin + from, failed, firstFailure,
    }),
  }
}

/** The median, and what 1 in 100 exceeds; NaN where there is nothing. */
export function percentiles(tookMs: readonly number[]): Percentiles {
  const sorted = Float64Array.from(tookMs).sort()
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? NaN
  return { p50Ms: at(0.5), p99Ms: at(0.99) }
}

/** What several measurements of one thing say together: means; failures are added up. */
export function average(all: readonly Figures[]): Figures {
  const sum = (read: (figures: Figures) => number) => all.reduce((total, one) => total + read(one), 0)
  const mean = (read: (figures: Figures) => number) => sum(read) / all.length
  return {
    requestsPerSecond: mean((one) => one.requestsPerSecond), p50Ms: mean((one) => one.p50Ms),
    p99Ms: mean((one) => one.p99Ms), measuredFromMs: all[0]!.measuredFromMs,
    failed: sum((one) => one.failed), firstFailure: all.find((one) => one.firstFailure)?.firstFailure,
  }
}
