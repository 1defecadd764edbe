/** Longer than any request takes; a stream that nobody ends must not keep us. */
const patienceMs = 10_000

/**
 * On SIGTERM or SIGINT: runs `stop`, then ends the process with 0. A second signal ends it at once with 1, and so does
 * a `stop` that takes longer than 10 seconds or fails.
 */
export function stopOnSignal(stop: () => Promise<void>): void {
  let isStopping = false
  const onSignal = (signal: NodeJS.Signals) => {
    if (isStopping) process.exit(1)
    isStopping = true
    process.stdout.write(`${signal}: finishing what is in flight. Send it again to stop at once.\n`)
    setTimeout(() => fail(`It took longer than ${patienceMs / 1000} seconds; stopped anyway.`), patienceMs).unref()
    stop().then(() => {
      process.stdout.write('Stopped.\n')
      process.exit(0)
    }, (error: unknown) => fail(`It did not stop cleanly: ${String(error)}`))
  }
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal)
}

function fail(line: string): never {
  process.stderr.write(`${line}\n`)
  process.exit(1)
}
