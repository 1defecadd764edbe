import type { Ending } from './program.ts'

/** What a check came to: how many tests, and the whole story of each failure. */
export interface Report { passed: number, skipped: number, failures: string[] }

/** A line of line-reporter.mjs. */
export interface Line {
  state: 'begun' | 'done' | 'passed' | 'failed' | 'skipped' | 'stray' | 'complete'
  name: string
  detail?: string
}

/** For one check; a test that is told to run long needs more. */
export const timeoutMs = Number(process.env.HILO_TEST_TIMEOUT_SECONDS ?? 300) * 1000

/** What the lines of one test file tell; `ending` where its process ended before the file was complete. */
export function judgeFile(lines: readonly Line[], ending?: Ending): Report {
  const inState = (state: Line['state']) => lines.filter((line) => line.state === state)
  const failures = inState('failed').map(({ name, detail }) => `${name}\n${detail}`)
  const [passed, skipped] = [inState('passed').length, inState('skipped').length]
  if (ending) failures.push(howItEnded(ending, lines))
  else if (passed + skipped + failures.length === 0) failures.push('It holds no test.')
  return { passed, skipped, failures }
}

/** How a program ended that should have ended well, and where: `lines` are what it reported of its tests. */
export function howItEnded({ code, signal, hasTimedOut }: Ending, lines: readonly Line[] = []): string {
  if (hasTimedOut) return `It hung${whereItHung(lines)}, and was ended after ${timeoutMs / 1000} s.`
  if (signal !== null) return `It was ended by ${signal}.`
  if (code !== 0) return `It ended with exit code ${code}.`
  return 'It ended before all its tests were done (process.exit?).'
}

function whereItHung(lines: readonly Line[]): string {
  const open: string[] = []
  for (const { state, name } of lines) {
    if (state === 'begun') open.push(name)
    if (state === 'done') open.splice(open.lastIndexOf(name), 1)
  }
  const innermost = open.at(-1)
  if (innermost !== undefined) return ` inside "${innermost}"`
  return lines.length === 0 ? ' before or inside its first test' : ' between tests, or in a hook'
}

/** The last failure also tells what only the whole process knows. */
export function addNotes(report: Report, notes: readonly string[]): Report {
  const last = report.failures.at(-1)
  if (last === undefined) return report
  return { ...report, failures: [...report.failures.slice(0, -1), [last, ...notes].join('\n')] }
}

/** A note of what was printed; none where there is nothing. */
export function noteOutput(output: string): string[] {
  return output === '' ? [] : [`Its output:\n${output.trimEnd()}`]
}
