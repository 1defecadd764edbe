import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'

/** A program to run: a test file, or a tool such as the type checker, which counts as one test. */
export type Check = { name: string, args: string[], isTestFile: boolean }

/** What a check came to: how many tests, and the whole story of each failure. */
export type Report = { passed: number, skipped: number, failures: string[] }

/** A line of test-reporter.mjs. */
type Line = { state: 'begun' | 'done' | 'passed' | 'failed' | 'skipped' | 'complete', name: string, detail?: string }

type Ending = { code: number | null, signal: string | null, hasTimedOut: boolean, output: string, lines: Line[] }

/** For one check; a test that is told to run long needs more. */
const timeoutMs = Number(process.env.HILO_TEST_TIMEOUT_SECONDS ?? 300) * 1000
const running = new Set<ChildProcess>()

/** Runs a check on this very Node, for at most so long. Failures are in the report; it never throws for them. */
export async function runCheck({ args, isTestFile }: Check, env: NodeJS.ProcessEnv): Promise<Report> {
  const ending = await run(args, env)
  const report = isTestFile ? judgeTestFile(ending) : judgeTool(ending)
  const last = report.failures.pop()
  if (last !== undefined) report.failures.push(ending.output === '' ? last : `${last}\nIts output:\n${ending.output.trimEnd()}`)
  return report
}

/** Ends every check that still runs, with all processes it started. */
export function stopChecks() {
  for (const child of running) killGroup(child)
}

/** Each check leads a process group of its own, so that a server which a test forgot ends with it. */
async function run(args: string[], env: NodeJS.ProcessEnv): Promise<Ending> {
  const child = spawn(process.execPath, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] })
  running.add(child)
  let hasTimedOut = false
  const timer = setTimeout(() => {
    hasTimedOut = true
    killGroup(child)
  }, timeoutMs)
  child.once('exit', () => {
    clearTimeout(timer)
    killGroup(child)
  })
  const output = collect(child.stdout as Readable, child.stderr as Readable)
  const report = collect(child.stdio[3] as Readable)
  const [code, signal] = await once(child, 'close') as [number | null, string | null]
  running.delete(child)
  const lines = report().split('\n').filter(Boolean).map((line) => JSON.parse(line) as Line)
  return { code, signal, hasTimedOut, output: output(), lines }
}

function collect(...streams: Readable[]): () => string {
  const chunks: Buffer[] = []
  for (const stream of streams) stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString('utf8')
}

function killGroup({ pid }: ChildProcess) {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // Nothing of it is left.
  }
}

function judgeTool(ending: Ending): Report {
  const failures = ending.code === 0 ? [] : [howItEnded(ending)]
  return { passed: 1 - failures.length, skipped: 0, failures }
}

function judgeTestFile(ending: Ending): Report {
  const inState = (state: Line['state']) => ending.lines.filter((line) => line.state === state)
  const failures = inState('failed').map(({ name, detail }) => `${name}\n${detail}`)
  const isCutShort = ending.hasTimedOut || inState('complete').length === 0
  if (isCutShort || (ending.code !== 0 && failures.length === 0)) failures.push(howItEnded(ending))
  return { passed: inState('passed').length, skipped: inState('skipped').length, failures }
}

function howItEnded({ code, signal, hasTimedOut, lines }: Ending): string {
  if (hasTimedOut) return `It hung ${whereItHung(lines)}, and was ended after ${timeoutMs / 1000} s.`
  if (signal !== null) return `It was ended by ${signal}.`
  if (code !== 0) return `It ended with exit code ${code}.`
  return 'It holds no test, or ended before all were done (process.exit?).'
}

function whereItHung(lines: Line[]): string {
  const open: string[] = []
  for (const { state, name } of lines) {
    if (state === 'begun') open.push(name)
    if (state === 'done') open.splice(open.lastIndexOf(name), 1)
  }
  const innermost = open.at(-1)
  if (innermost !== undefined) return `inside "${innermost}"`
  if (lines.length === 0) return 'before or inside its first test'
  return 'after its last test: something it opened (server, timer, connection, process) is not closed'
}
