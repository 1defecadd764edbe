import { startProgram } from './program.ts'
import { addNotes, howItEnded, noteOutput, type Report, timeoutMs } from './report.ts'

/** A program that finds fault or does not, such as the type checker; it counts as one test. */
export interface Tool { name: string, args: string[] }

/** Runs it. What it says against the code is in the report. */
export async function runTool({ args }: Tool, env: NodeJS.ProcessEnv): Promise<Report> {
  const program = startProgram(args, env)
  program.limit(timeoutMs)
  program.stdin.end()
  const ending = await program.ended
  const failures = ending.code === 0 ? [] : [howItEnded(ending)]
  return addNotes({ passed: 1 - failures.length, skipped: 0, failures }, noteOutput(program.takeOutput()))
}
