import type { CaseResult } from './cases.ts'
import type { GrowthResult } from './growth.ts'
import type { Figures } from './measurement.ts'
import type { CaseName } from './options.ts'
import type { StartTimes } from './start-times.ts'
import { formatChecks, formatTable, short, whole } from './table.ts'

export interface Ratio {
  of: CaseName
  to: CaseName
  aim: number
}

/** What the project wants to reach. */
const ratios: readonly Ratio[] = [
  { of: 'c', to: 'b', aim: 4 }, { of: 'e', to: 'd', aim: 4 }, { of: 'c', to: 'a', aim: 0.5 },
]
const startAimsMs: StartTimes = { postgresMs: 1500, pgliteMs: 2000 }

export function computeRatios(results: readonly CaseResult[]): { name: string, value: number, aim: number }[] {
  const rate = (name: CaseName) => results.find((result) => result.name === name)?.requestsPerSecond
  return ratios.flatMap(({ of, to, aim }) => {
    const [upper, lower] = [rate(of), rate(to)]
    return upper === undefined || lower === undefined ? [] : [{ name: `${of}/${to}`, value: upper / lower, aim }]
  })
}

/** The table of cases, its ratios and the start times. */
export function formatCases(results: readonly CaseResult[], startTimes: StartTimes): string {
  const table = formatTable([
    ['', 'requests/s', 'p50 ms', 'p99 ms', 'CPU µs/request', 'memory MiB'],
    ...results.map(({ name, title, requestsPerSecond, p50Ms, p99Ms, cpuMicros, peakMemoryMiB }) => [
      `${name}  ${title}`, whole(requestsPerSecond), short(p50Ms), short(p99Ms),
      cpuMicros === undefined ? '' : whole(cpuMicros), whole(peakMemoryMiB),
    ]),
  ])
  const ratioLines = computeRatios(results).map(({ name, value, aim }) => `${name} ${value.toFixed(2)} (aim: ${aim})`)
  return [
    table, '', ...ratioLines,
    `start over PostgreSQL ${whole(startTimes.postgresMs)} ms (aim: ${whole(startAimsMs.postgresMs)})`,
    `start over PGlite ${whole(startTimes.pgliteMs)} ms (aim: ${whole(startAimsMs.pgliteMs)})`,
    ...results.flatMap(({ name, profileFolder }) => (profileFolder ? [`CPU profile of ${name}: ${profileFolder}`] : [])),
    '', ...results.flatMap(formatCaseChecks),
  ].join('\n')
}

function formatCaseChecks({ name, acknowledged, checks, failed, firstFailure }: CaseResult): string[] {
  const failures = failed > 0 ? [`${name}: ${whole(failed)} requests failed, the first with: ${firstFailure}`] : []
  if (checks.length === 0) return failures
  return [...failures, `${name}: ${whole(acknowledged)} messages acknowledged; ${formatChecks(checks)}`]
}

/** The table of recording and reading as the database grows. */
export function formatGrowth({ steps, peakMemoryMiB, checks }: GrowthResult): string {
  const both = steps.flatMap(({ state, small, full }) => [
    { title: `${state}: small`, rates: small, base: small }, { title: `${state}: full`, rates: full, base: small },
  ])
  const cells = (one: Figures, base: Figures) => [
    whole(one.requestsPerSecond), short(one.p50Ms), short(one.p99Ms),
    (one.requestsPerSecond / base.requestsPerSecond).toFixed(2),
  ]
  const rows = both.map(({ title, rates, base }) => (
    [title, ...cells(rates.record, base.record), ...cells(rates.read, base.read)]
  ))
  const failures = both.flatMap(({ title, rates }) => Object.values(rates).flatMap(({ failed, firstFailure }) => (
    failed > 0 ? [`${title}: ${whole(failed)} requests failed, the first with: ${firstFailure}`] : []
  )))
  return [
    formatTable([['', 'record/s', 'p50 ms', 'p99 ms', '×', 'read/s', 'p50 ms', 'p99 ms', '×'], ...rows]),
    '× compares with the small database (aim: 0.90 or more)', '',
    `memory ${whole(peakMemoryMiB)} MiB`, ...failures, formatChecks(checks),
  ].join('\n')
}
