import { type ChildProcess, fork, type ForkOptions } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Ends the child when this process dies without a word. */
const stopWithParent = new URL('../scripts/stop-with-parent.mjs', import.meta.url).href
const patienceMs = 20_000

/** The child processes of this run, so that all of them can be stopped at any moment. */
export class Children {
  readonly #running = new Set<ChildProcess>()

  /** Starts a script of this project, named from its root, on the Node of this process. */
  start(script: string, options: ForkOptions = {}): ChildProcess {
    const child = fork(fileURLToPath(new URL(`../${script}`, import.meta.url)), {
      serialization: 'advanced',
      ...options,
      env: { ...withoutSettings(process.env), ...options.env },
      execArgv: ['--import', stopWithParent, ...options.execArgv ?? []],
    })
    this.#running.add(child)
    child.once('exit', () => this.#running.delete(child))
    return child
  }

  /** Gives a script of this project an order and waits for what it makes of it. */
  async run<Order extends object, Result>(script: string, order: Order): Promise<Result> {
    const child = this.start(script)
    const ended = new Promise<never>((_resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code) => reject(new Error(`${script} ended with code ${code} before it had a result.`)))
    })
    child.send(order)
    const [result] = await Promise.race([once(child, 'message'), ended]) as [Result]
    await stopChild(child)
    return result
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#running].map(stopChild))
  }
}

/** Settings of whoever runs the benchmark must not change what is measured. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('HILO_') && name !== 'NODE_OPTIONS'))
}

/** Asks a child to end, as a service manager does, and waits for it. */
export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs)
  await gone
  clearTimeout(timer)
}
