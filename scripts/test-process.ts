import type { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { type Program, startProgram } from './program.ts'
import { addNotes, howItEnded, judgeFile, type Line, noteOutput, type Report, timeoutMs } from './report.ts'

const notClosed = 'Its tests are done, but it did not end: something they opened (server, timer, connection, process) ' +
  'is not closed.'

/** One process that runs test files, one after another. */
export class TestProcess {
  readonly #program: Program
  readonly #files: string[] = []
  #lines: Line[] = []
  #stray: string[] = []
  #hasFailed = false
  #isBroken = false
  #complete = () => {}

  /** `isShared`: for several files, which then share modules, databases and servers. */
  constructor(env: NodeJS.ProcessEnv, { isShared }: { isShared: boolean }) {
    const args = ['--test-reporter', './scripts/line-reporter.mjs', 'scripts/run-test-files.ts']
    this.#program = startProgram(isShared ? [...args, '--shared'] : args, env)
    readLines(this.#program.reports, (line) => this.#read(JSON.parse(line) as Line))
  }

  #read(line: Line) {
    if (line.state === 'complete') this.#complete()
    else if (line.state === 'stray') this.#stray.push(line.name)
    else this.#lines.push(line)
  }

  /** Those it was given so far. */
  get files(): readonly string[] {
    return this.#files
  }

  /** It did not survive its last file, whose report says so. */
  get isBroken(): boolean {
    return this.#isBroken
  }

  /** Runs a file. Failures are in the report; it never throws for them. */
  async run(path: string): Promise<Report> {
    const complete = new Promise<undefined>((resolve) => {
      this.#complete = () => resolve(undefined)
    })
    this.#lines = []
    this.#program.limit(timeoutMs)
    this.#program.stdin.write(`${path}\n`)
    const ending = await Promise.race([complete, this.#program.ended])
    await setImmediate() // what the file printed comes by another pipe than its report
    this.#isBroken = ending !== undefined
    const report = judgeFile(this.#lines, ending)
    const notes = noteOutput(this.#program.takeOutput())
    if (this.#files.length > 0) notes.push(`It ran in one process after ${this.#files.join(' ')}`)
    this.#hasFailed ||= report.failures.length > 0
    this.#files.push(path)
    return addNotes(report, notes)
  }

  /** Lets it end. What is wrong by then cannot be laid to one of its files, unless there was but one. */
  async close(): Promise<Report> {
    const failures: string[] = []
    if (!this.#isBroken) {
      this.#program.limit(timeoutMs)
      this.#program.stdin.end()
      const ending = await this.#program.ended
      failures.push(...this.#stray)
      if (ending.hasTimedOut) failures.push(notClosed)
      else if (ending.code !== 0 && failures.length === 0 && !this.#hasFailed) failures.push(howItEnded(ending))
    }
    return addNotes({ passed: 0, skipped: 0, failures }, noteOutput(this.#program.takeOutput()))
  }
}

/** Unlike readline it ends lines by \n only: names of tests hold all that Unicode has. */
function readLines(stream: Readable, read: (line: string) => void) {
  let rest = ''
  stream.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    lines.forEach(read)
  })
}
