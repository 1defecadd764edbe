import { startPostgres } from '../server/test/postgres.ts'
import type { Postgres } from '../server/test/postgres.ts'
import { findTestFiles } from './find-test-files.ts'
import { indent, printTotals } from './print-report.ts'
import { stopPrograms } from './program.ts'
import { runChecks } from './run-checks.ts'
import type { Tool } from './run-tool.ts'

/** What the type checker found out, for the next time. */
const known = 'node_modules/.cache/hilo-test/types.tsbuildinfo'

const tools: Tool[] = [
  { name: 'types', args: ['node_modules/typescript/bin/tsc', '--noEmit', '--incremental', '--tsBuildInfoFile', known] },
  { name: 'lint', args: ['node_modules/eslint/bin/eslint.js', '--max-warnings=0', '.'] },
]

const stopping = new AbortController()

await main(process.argv.slice(2))

/** Runs everything, or only the test files whose path holds one of the given words. */
async function main(words: string[]) {
  const files = findTestFiles(words)
  const starting = startDatabase()
  stopOnSignal(starting)
  const postgres = await starting
  const checks = { tools: words.length === 0 ? tools : [], files }
  const reports = await runChecks(checks, testEnv(postgres.url), stopping.signal)
  if (stopping.signal.aborted) return
  if (postgres.problem !== undefined) reports.push({ passed: 0, skipped: 0, failures: [postgres.problem] })
  await postgres.stop()
  printTotals(reports)
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
    stopPrograms()
    const postgres = await starting
    await postgres.stop()
    process.exit(signal === 'SIGINT' ? 130 : 143)
  }
  process.once('SIGINT', (signal) => void stop(signal)).once('SIGTERM', (signal) => void stop(signal))
}
