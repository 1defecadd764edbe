import { formatTable, short, whole } from '../table.ts'
import type { AnswerMeasurement, AnswerResult } from './measure-answers.ts'

/** Milliseconds that Hilo adds. */
export interface Overhead {
  database: AnswerResult['database']
  concurrency: number
  /** To the whole answer of a call, at the median. */
  queryP50Ms: number
  queryP99Ms: number
  /** To the first word of a stream, at the median. */
  firstWordP50Ms: number
  firstWordP99Ms: number
}

/** Beside the bare model: the mean of before and after, as machines drift. */
export function computeOverheads({ results }: AnswerMeasurement): Overhead[] {
  const queries = results.filter(({ way }) => way === 'query')
  return queries.map((query) => {
    const beside = results.filter((one) => one.database === query.database && one.concurrency === query.concurrency)
    const stream = beside.find(({ way }) => way === 'stream')!
    const bare = beside.filter(({ way }) => way.startsWith('model'))
    const mean = (read: (one: AnswerResult) => number) => bare.reduce((sum, one) => sum + read(one), 0) / bare.length
    return {
      database: query.database,
      concurrency: query.concurrency,
      queryP50Ms: query.whole.p50Ms - mean(({ whole: { p50Ms } }) => p50Ms),
      queryP99Ms: query.whole.p99Ms - mean(({ whole: { p99Ms } }) => p99Ms),
      firstWordP50Ms: stream.first.p50Ms - mean(({ first: { p50Ms } }) => p50Ms),
      firstWordP99Ms: stream.first.p99Ms - mean(({ first: { p99Ms } }) => p99Ms),
    }
  })
}

/** The measurements, what Hilo adds, and the aims. */
export function formatAnswers(measurement: AnswerMeasurement): string {
  const { results, peakMemoryMiB, profileFolder } = measurement
  return [
    formatTable([
      ['', 'conversations', 'answers', 'first p50', 'p99 ms', 'whole p50', 'p99 ms', 'failed'],
      ...results.map((one) => [
        `${one.database}, ${one.way}`, whole(one.concurrency), whole(one.count), short(one.first.p50Ms),
        short(one.first.p99Ms), short(one.whole.p50Ms), short(one.whole.p99Ms), whole(one.failed),
      ]),
    ]),
    '',
    formatTable([
      ['what Hilo adds', 'conversations', 'query p50', 'p99 ms', 'first word p50', 'p99 ms'],
      ...computeOverheads(measurement).map((one) => [
        one.database, whole(one.concurrency), short(one.queryP50Ms), short(one.queryP99Ms), short(one.firstWordP50Ms),
        short(one.firstWordP99Ms),
      ]),
    ]),
    'aims: query p50 at most 10 ms at 50 conversations, first word p50 at most 10 ms',
    '',
    ...results.flatMap(({ failed, firstFailure, way }) => (failed > 0 ? [`${way}: ${failed} failed: ${firstFailure}`] : [])),
    ...Object.entries(peakMemoryMiB).map(([database, mib]) => `${database}: ${whole(mib)} MiB at most`),
    ...profileFolder ? [`CPU profile: ${profileFolder}`] : [],
  ].join('\n')
}
