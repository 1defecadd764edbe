import { errorCodes } from '../errors.ts'

/** Every error code as a Markdown table, for docs/errors.md. */
export function errorsTable(): string {
  const rows = Object.entries(errorCodes).map(([code, { status, meaning }]) => `| \`${code}\` | ${status} | ${meaning} |`)
  return ['| code | status | meaning |', '|---|---|---|', ...rows].join('\n')
}
