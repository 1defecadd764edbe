import { globSync } from 'node:fs'
import { startPostgres } from '../server/test/postgres.ts'
import type { Postgres } from '../server/test/postgres.ts'
import { runCheck, stopChecks } from './check.ts'
import type { Check, Report } from './check.ts'

/** Two at a time: small machines have two cores, and most test files start servers of their own. */
const concurrency = 2

const tools: Check[] = [
  { name: 'types', args: ['node_modules/typescript/bin/tsc', '--noEmit'], isTestFile: false },
  { name: 'lint', args: ['node_modules/eslint/bin/eslint.js', '--max-warnings=0', '.'], isTestFile: false },
]

const stopping = new AbortController()

await main(process.argv.slice(2))

/** Runs everything, or only the test files whose path holds one of the given words. */
async function main(words: string[]) {
  const files = findTestFiles(words)
  const starting = startDatabase()
  stopOnSignal(starting)
  const postgres = await starting
  const reports = await runAll([...(words.length === 0 ? tools : []), ...files], testEnv(postgres.url))
  if (stopping.signal.aborted) return
  if (postgres.problem !== undefined) reports.push({ passed: 0, skipped: 0, failures: [postgres.problem] })
  await postgres.stop()
  printTotals(reports)
}

function findTestFiles(words: string[]): Check[] {
  const paths = globSync('{contract,server,bench}/**/*.test.ts', { exclude: ['**/node_modules/**'] }).sort()
  const wanted = words.map((word) => word.replace(`${process.cwd()}/`, '').replace(/^\.\//, ''))
  return paths
    .filter((path) => wanted.length === 0 || wanted.some((word) => path.includes(word)))
    .map((path) => ({ name: path, args: ['--test-reporter', './scripts/test-reporter.mjs', path], isTestFile: true }))
}

type Database = { url?: string, problem?: string, stop: Postgres['stop'] }

/** Uses the PostgreSQL it is given, else starts one. That it did not start is a failed test; the others still run. */
async function startDatabase(): Promise<Database> {
  const given = process.env.HILO_TEST_POSTGRES_URL
  const stop = () => Promise.resolve()
  if (given) return { url: given, stop }
  try {
    return await startPostgres()
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    console.log(`✖ PostgreSQL\n${indent(problem)}`)
    return { problem, stop }
  }
}

/** Settings of the person who runs the tests must not change what they find; HILO_TEST_… are for the tests. */
function testEnv(postgresUrl?: string): NodeJS.ProcessEnv {
  const env = Object.entries(process.env).filter(([name]) => !/^HILO_(?!TEST_)|^NODE_ENV$/.test(name))
  return { ...Object.fromEntries(env), HILO_TEST_POSTGRES_URL: postgresUrl }
}

function stopOnSignal(starting: Promise<Database>) {
  const stop = async (signal: NodeJS.Signals) => {
    stopping.abort()
    stopChecks()
    const postgres = await starting
    await postgres.stop()
    process.exit(signal === 'SIGINT' ? 130 : 143)
  }
  process.once('SIGINT', (signal) => void stop(signal)).once('SIGTERM', (signal) => void stop(signal))
}

async function runAll(checks: Check[], env: NodeJS.ProcessEnv): Promise<Report[]> {
  const waiting = checks.values()
  const reports: Report[] = []
  const work = async () => {
    for (const check of waiting) {
      if (stopping.signal.aborted) return
      const startMs = performance.now()
      const report = await runCheck(check, env)
      if (stopping.signal.aborted) return
      print(check, report, performance.now() - startMs)
      reports.push(report)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return reports
}

function print({ name, isTestFile }: Check, { passed, skipped, failures }: Report, tookMs: number) {
  const counts = [`${passed} passed`]
  if (failures.length > 0) counts.push(`${failures.length} failed`)
  if (skipped > 0) counts.push(`${skipped} skipped`)
  const seconds = `${(tookMs / 1000).toFixed(1)} s`
  console.log(`${failures.length > 0 ? '✖' : '✔'} ${name}  ${isTestFile ? `${counts.join(', ')}  ` : ''}${seconds}`)
  for (const failure of failures) console.log(indent(`✖ ${failure}`))
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ')
}

/** The last line is what machines read: `N passed, N failed`, then `, N skipped` when some were. */
function printTotals(reports: Report[]) {
  const sum = (count: (report: Report) => number) => reports.reduce((total, report) => total + count(report), 0)
  const [passed, failed, skipped] = [sum((r) => r.passed), sum((r) => r.failures.length), sum((r) => r.skipped)]
  if (passed + failed + skipped === 0) console.log('No test file matches: give a part of its path.')
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0
}
