import { isUnavailable } from '../database/database-errors.ts'
import { HiloError } from '../errors.ts'
import { StartError } from '../start-error.ts'
import { inCommands } from './in-commands.ts'
import { toPrintable, toPrintableJson } from './printable.ts'

/** What a command has to say, for machines (`data`, printed as JSON) and for people (`text`). */
export interface Answer {
  data: object
  text: string
  /** 0 when absent. */
  exitCode?: number
}

export interface OutputOptions {
  json?: boolean
}

/**
 * Runs a command and prints what came of it: the answer on standard output; an error as one line on standard error,
 * and with `--json` on standard output too, in the shape of the API. So with `--json` standard output is always one
 * JSON value. Sets the exit code.
 */
export async function print({ json }: OutputOptions, work: () => Promise<Answer>): Promise<void> {
  try {
    const { data, text, exitCode = 0 } = await work()
    console.log(json ? toPrintableJson(data, 2) : toPrintable(text))
    process.exitCode = exitCode
  } catch (error) {
    printProblem({ json }, error)
  }
}

/** Prints an error as `print` does, and sets the exit code. One that nobody foresaw goes on as it is. */
export function printProblem({ json }: OutputOptions, error: unknown): void {
  const problem = describe(error)
  if (json) console.log(toPrintableJson(problem, 2))
  console.error(toPrintable([problem.error, problem.hint].filter(Boolean).join(' ')))
  process.exitCode = 1
}

interface Problem {
  error: string
  code?: string
  field?: string
  hint?: string
}

/** The error in one line. One that nobody foresaw is a fault of ours: it goes on, with its stack. */
function describe(error: unknown): Problem {
  if (error instanceof HiloError) {
    const { code, field } = error
    const { error: sentence, hint } = inCommands(error)
    return { error: sentence, code, field, hint }
  }
  if (error instanceof StartError) return { error: error.message }
  if (isUnavailable(error)) {
    return { error: `The database is away: ${(error as Error).message}.`, hint: '"npx hilo doctor" looks for the cause.' }
  }
  throw error
}
