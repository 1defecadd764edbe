import { formatChecks, formatTable, short, whole } from '../table.ts'
import type { Check } from '../verify.ts'
import type { Latency } from './latency.ts'
import type { Scenario, ScenarioResult } from './scenario.ts'

export interface Aim {
  name: string
  value: number
  /** At most so much, or at least. */
  atMost?: number
  atLeast?: number
}

const databaseNames: Record<Scenario['database'], string> = { postgres: 'PostgreSQL', pglite: 'PGlite' }
/** 400 MB, in MiB. */
const maxMemoryMiB = 400e6 / 2 ** 20

/** What the project wants to reach, beside what was measured. */
export function compareWithAims(results: readonly ScenarioResult[]): Aim[] {
  return results.flatMap((result): Aim[] => {
    const { database, part, title, stream, webhooks, peakMemoryMiB } = result
    const name = `${databaseNames[database]}, ${title}`
    if (part === 'write') {
      return isListened(result) ? [{ name: `${name}: rate ×`, value: computeShare(result, results), atLeast: 0.85 }] : []
    }
    return [
      ...stream ? [
        { name: `${name}: since commit, p50 ms`, value: stream.sinceCommit.p50Ms, atMost: 25 },
        { name: `${name}: since commit, p99 ms`, value: stream.sinceCommit.p99Ms, atMost: 150 },
      ] : [],
      ...stream && database === 'postgres' ? [
        { name: `${name}: memory MiB`, value: peakMemoryMiB, atMost: maxMemoryMiB },
      ] : [],
      ...webhooks ? [{ name: `${name}: since commit, p50 ms`, value: webhooks.sinceCommit.p50Ms, atMost: 100 }] : [],
    ]
  })
}

const isListened = ({ readers, endpoints }: Scenario): boolean => readers + endpoints > 0

/** The rate beside that of the same database where nobody listens: the mean of before and after, as machines drift. */
function computeShare({ database, requestsPerSecond }: ScenarioResult, results: readonly ScenarioResult[]): number {
  const alone = results.filter((one) => one.part === 'write' && one.database === database && !isListened(one))
  const total = alone.reduce((sum, one) => sum + one.requestsPerSecond, 0)
  return requestsPerSecond / (total / alone.length)
}

/** Tables of both kinds, the aims, and what was looked for and not found. */
export function formatEvents(results: readonly ScenarioResult[]): string {
  const paced = results.filter(({ part }) => part !== 'write')
  const unpaced = results.filter(({ part }) => part === 'write')
  return [
    ...paced.length > 0 ? [formatPaced(paced), ''] : [],
    ...unpaced.length > 0 ? [formatUnpaced(unpaced, results), ''] : [],
    ...compareWithAims(results).map(formatAim), '',
    ...results.flatMap(formatCourse),
  ].join('\n')
}

/** How soon events arrive, while messages come at a fixed rate. */
function formatPaced(results: readonly ScenarioResult[]): string {
  const lineOf = (title: string, result: ScenarioResult, latency: Latency | undefined) => [
    title, whole(result.requestsPerSecond), short(result.p50Ms), short(result.p99Ms),
    ...latency ? [
      whole(latency.count), short(latency.p50Ms), short(latency.p99Ms),
      short(latency.sinceCommit.p50Ms), short(latency.sinceCommit.p99Ms),
    ] : ['', '', '', '', ''],
    whole(result.peakMemoryMiB),
  ]
  return formatTable([
    [
      'at a fixed rate', 'messages/s', 'answer p50', 'p99 ms', 'arrivals', 'event p50', 'p99 ms',
      'since commit p50', 'p99 ms', 'memory MiB',
    ],
    ...results.flatMap((result) => {
      const { webhooks, hanging } = result
      const line = lineOf(`${databaseNames[result.database]}, ${result.title}`, result, result.stream ?? webhooks)
      const beside = `  of these, the ${whole(hanging)} beside the hanging`
      return webhooks?.besideHanging ? [line, lineOf(beside, result, webhooks.besideHanging)] : [line]
    }),
  ])
}

/** What listening costs those who record as fast as they can. */
function formatUnpaced(results: readonly ScenarioResult[], all: readonly ScenarioResult[]): string {
  return formatTable([
    ['as fast as it goes', 'messages/s', '×', 'answer p50', 'p99 ms', 'event p50', 'p99 ms', 'memory MiB'],
    ...results.map((result) => {
      const latency = result.stream ?? result.webhooks
      return [
        `${databaseNames[result.database]}, ${result.title}`,
        whole(result.requestsPerSecond), short(computeShare(result, all)),
        short(result.p50Ms), short(result.p99Ms),
        latency ? short(latency.p50Ms) : '', latency ? short(latency.p99Ms) : '', whole(result.peakMemoryMiB),
      ]
    }),
  ])
}

function formatAim({ name, value, atMost, atLeast }: Aim): string {
  const bound = atMost === undefined ? `at least ${atLeast}` : `at most ${whole(atMost)}`
  return `${name} ${short(value)} (aim: ${bound})`
}

function formatLosses(checks: readonly Check[]): string {
  const losses = checks.filter(({ count }) => count > 0)
  return losses.length === 0 ? 'nothing lost, doubled or out of order' : formatChecks(losses)
}

/** What was acknowledged, what went wrong, and what a scenario brought to light on its way. */
function formatCourse(result: ScenarioResult): string[] {
  const { database, part, title, acknowledged, checks, failed, firstFailure, stream, webhooks, profileFolder } = result
  const name = `${databaseNames[database]}, ${part}, ${title}`
  return [
    ...failed > 0 ? [`${name}: ${whole(failed)} requests failed, the first with: ${firstFailure}`] : [],
    `${name}: ${whole(acknowledged)} messages acknowledged; ${formatLosses(checks)}`,
    ...stream && stream.resumed > 0 ? [
      `${name}: streams were resumed ${whole(stream.resumed)} times, the first after: ${stream.firstNotice ?? 'an end'}`,
    ] : [],
    ...webhooks ? [
      `${name}: ${whole(webhooks.repeated)} attempts for events sent before, ${whole(webhooks.toHanging)} to those that hang`,
    ] : [],
    ...profileFolder ? [`CPU profile of ${name}: ${profileFolder}`] : [],
  ]
}
