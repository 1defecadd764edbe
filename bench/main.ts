import { statfsSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { measureAnswers } from './answers/measure-answers.ts'
import type { AnswerOptions } from './answers/answer-options.ts'
import { computeOverheads, formatAnswers } from './answers/report-answers.ts'
import { type Bench, startBench } from './bench.ts'
import { type CaseResult, cases, runCase } from './cases.ts'
import type { EventOptions } from './events/event-options.ts'
import { measureEvents } from './events/measure-events.ts'
import { compareWithAims, formatEvents } from './events/report-events.ts'
import { measureGrowth } from './growth.ts'
import { help, type Options, readOptions } from './options.ts'
import { computeRatios, formatCases, formatGrowth } from './report.ts'
import { measureStartTimes } from './start-times.ts'
import type { Check } from './verify.ts'

/** Progress goes to standard error: standard output holds the result alone. */
const say = (line: string) => console.error(line)

interface Outcome {
  text: string
  json: object
  isGood: boolean
}

const isGood = (checks: readonly Check[], failed: number) => failed === 0 && checks.every(({ count }) => count === 0)

async function runCases(bench: Bench): Promise<Outcome> {
  const results: CaseResult[] = []
  for (const name of bench.options.only) {
    say(`${name}  ${cases[name].title}…`)
    results.push(await runCase(bench, name))
  }
  say('start times…')
  const startTimes = await measureStartTimes(bench)
  return {
    text: formatCases(results, startTimes),
    json: { cases: results, ratios: computeRatios(results), startTimes },
    isGood: results.every(({ checks, failed }) => isGood(checks, failed)),
  }
}

async function runGrowth(bench: Bench, rows: number): Promise<Outcome> {
  const growth = await measureGrowth(bench, rows, say)
  const rates = growth.steps.flatMap(({ small, full }) => [small, full])
  const failed = rates.reduce((sum, { record, read }) => sum + record.failed + read.failed, 0)
  return { text: formatGrowth(growth), json: growth, isGood: isGood(growth.checks, failed) }
}

async function runEvents(bench: Bench, options: EventOptions): Promise<Outcome> {
  const scenarios = await measureEvents(bench, options, say)
  return {
    text: formatEvents(scenarios),
    json: { scenarios, aims: compareWithAims(scenarios) },
    isGood: scenarios.every(({ checks, failed }) => isGood(checks, failed)),
  }
}

async function runAnswers(bench: Bench, options: AnswerOptions): Promise<Outcome> {
  const measurement = await measureAnswers(bench, options, say)
  return {
    text: formatAnswers(measurement),
    json: { ...measurement, overheads: computeOverheads(measurement) },
    isGood: measurement.results.every(({ failed }) => failed === 0),
  }
}

function run(bench: Bench): Promise<Outcome> {
  const { rows, events, answers } = bench.options
  if (answers) return runAnswers(bench, answers)
  if (events) return runEvents(bench, events)
  return rows === undefined ? runCases(bench) : runGrowth(bench, rows)
}

function describeMachine({ connections, conversations, organizations, seconds }: Options): string {
  return `Node ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model ?? process.arch}, `
    + `load before ${loadavg()[0]!.toFixed(1)}; ${connections} connections, ${conversations} conversations of `
    + `${organizations} organizations, ${seconds} s each`
}

/** Linux' tmpfs (statfs(2)): there is no disk to wait for, which flatters every figure. */
const tmpfsType = 0x01021994

async function main(options: Options): Promise<void> {
  const machine = describeMachine(options)
  say(machine)
  if (statfsSync(tmpdir()).type === tmpfsType) say(`${tmpdir()} lies in memory: set TMPDIR to a folder on a disk.`)
  const bench = await startBench(options)
  let interrupted = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      interrupted = true
      void bench.stop().finally(() => process.exit(130))
    })
  }
  try {
    const outcome = await run(bench)
    console.log(options.json ? JSON.stringify({ machine, options, ...outcome.json }, null, 2) : `\n${outcome.text}`)
    process.exitCode = outcome.isGood ? 0 : 1
  } catch (error) {
    if (!interrupted) throw error
  } finally {
    await bench.stop()
  }
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') console.log(help)
  else await main(options)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
