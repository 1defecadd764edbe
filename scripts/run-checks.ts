import type { TestFile } from './find-test-files.ts'
import { printReport } from './print-report.ts'
import type { Report } from './report.ts'
import { runTool, type Tool } from './run-tool.ts'
import { TestProcess } from './test-process.ts'

/** Two at a time: small machines have two cores, and most test files start servers of their own. */
const concurrency = 2

/** To start a process takes longer than most files; but what files leave in its memory and databases adds up. */
const filesPerProcess = 24

export interface Checks { tools: readonly Tool[], files: readonly TestFile[] }

/** Takes a report of what runs, and prints it. */
type Tell = (name: string, running: Promise<Report>) => Promise<void>

/** Runs all, in this order, and prints each report. Once `signal` is aborted it starts and tells no more. */
export async function runChecks(
  { tools, files }: Checks, env: NodeJS.ProcessEnv, signal: AbortSignal,
): Promise<Report[]> {
  const reports: Report[] = []
  const tell: Tell = async (name, running) => {
    const startMs = performance.now()
    const report = await running
    if (signal.aborted) return
    printReport(name, report, performance.now() - startMs)
    reports.push(report)
  }
  const [waitingTools, waitingFiles] = [tools.values(), files.values()]
  const work = async () => {
    const lane = new Lane(env, tell)
    for (const tool of waitingTools) if (!signal.aborted) await tell(tool.name, runTool(tool, env))
    for (const file of waitingFiles) if (!signal.aborted) await lane.run(file)
    await lane.end()
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return reports
}

/** Runs one file after another, in a process that they share until it is full. */
class Lane {
  readonly #env: NodeJS.ProcessEnv
  readonly #tell: Tell
  #shared: TestProcess | undefined

  constructor(env: NodeJS.ProcessEnv, tell: Tell) {
    this.#env = env
    this.#tell = tell
  }

  async run({ path, isAlone }: TestFile): Promise<void> {
    if (isAlone) return this.#tell(path, runAlone(path, this.#env))
    const shared = this.#shared ??= new TestProcess(this.#env, { isShared: true })
    await this.#tell(path, shared.run(path))
    if (shared.isBroken || shared.files.length === filesPerProcess) await this.end()
  }

  async end(): Promise<void> {
    const shared = this.#shared
    if (!shared) return
    this.#shared = undefined
    const closing = shared.close()
    if ((await closing).failures.length > 0) await this.#tell(shared.files.join(' '), closing)
  }
}

async function runAlone(path: string, env: NodeJS.ProcessEnv): Promise<Report> {
  const alone = new TestProcess(env, { isShared: false })
  const report = await alone.run(path)
  const { failures } = await alone.close()
  return { ...report, failures: [...report.failures, ...failures] }
}
