import type { Report } from './report.ts'

/** Says what a check came to. */
export function printReport(name: string, { passed, skipped, failures }: Report, tookMs: number) {
  const counts = [`${passed} passed`]
  if (failures.length > 0) counts.push(`${failures.length} failed`)
  if (skipped > 0) counts.push(`${skipped} skipped`)
  const isGood = failures.length === 0
  console.log(`${isGood ? '✔' : '✖'} ${name}  ${counts.join(', ')}  ${(tookMs / 1000).toFixed(1)} s`)
  for (const failure of failures) console.log(indent(`✖ ${failure}`))
}

/** By four blanks, each line. */
export function indent(text: string): string {
  return text.replace(/^/gm, '    ')
}

/** The last line is what machines read: `N passed, N failed`, then `, N skipped` when some were. */
export function printTotals(reports: Report[]) {
  const sum = (count: (report: Report) => number) => reports.reduce((total, report) => total + count(report), 0)
  const [passed, failed, skipped] = [sum((r) => r.passed), sum((r) => r.failures.length), sum((r) => r.skipped)]
  if (passed + failed + skipped === 0) console.log('No test file matches: give a part of its path.')
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0
}
