import type { Check } from './verify.ts'

/** Lines of text, columns aligned: the first to the left, the others to the right. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) => row.map((cell, column) => (
    column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)
  )).join('   ').trimEnd()).join('\n')
}

export const whole = (value: number): string => Math.round(value).toLocaleString('en')
export const short = (value: number): string => value.toFixed(value < 10 ? 2 : 1)

export const formatChecks = (checks: readonly Check[]): string => (
  checks.map(({ what, count }) => `${whole(count)} ${what}`).join(', ')
)
