import { createProgram } from './program.ts'

/** Runs one command line and sets the exit code. `argv` as in `process.argv`. */
export async function runCli(argv: readonly string[]): Promise<void> {
  process.stdout.on('error', endQuietly)
  await createProgram(argv).parseAsync(argv)
}

/** Whoever reads our output may stop early, as `head` does. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
  process.exit()
}
