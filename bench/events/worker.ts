import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { type Children, stopChild } from '../children.ts'

/** A child process that takes part in a scenario from before the load begins until after it has ended. */
export interface Worker<Ready, Ending, Result> {
  /** What it said once it was ready. */
  ready: Ready
  /** Tells it how the load ended, and waits for what it makes of it. */
  finish(ending: Ending): Promise<Result>
}

/** Starts a script that calls `serveScenario` and waits until it is ready. */
export async function startWorker<Order extends object, Ready, Ending extends object, Result>(
  children: Children, script: string, order: Order,
): Promise<Worker<Ready, Ending, Result>> {
  const child = children.start(script)
  const ask = async (message: object) => {
    const answered = once(child, 'message')
    child.send(message)
    const [answer] = await Promise.race([answered, untimelyEnd(child, script)]) as [unknown]
    return answer
  }
  const ready = await ask(order) as Ready
  return {
    ready,
    async finish(ending) {
      const result = await ask(ending) as Result
      await stopChild(child)
      return result
    },
  }
}

async function untimelyEnd(child: ChildProcess, script: string): Promise<never> {
  const [code] = await once(child, 'exit') as [number | null]
  throw new Error(`${script} ended with code ${code} before it had a result.`)
}

interface Scenario<Order, Ready, Ending, Result> {
  begin(order: Order): Promise<{ ready: Ready, end(ending: Ending): Promise<Result> }>
}

/** In the child process: gets ready, says so, and answers with the result once the load has ended. */
export function serveScenario<Order, Ready extends object, Ending, Result extends object>(
  { begin }: Scenario<Order, Ready, Ending, Result>,
): void {
  process.channel!.ref() // stop-with-parent.mjs lets go of it
  process.once('message', (order: Order) => {
    void begin(order).then(({ ready, end }) => {
      process.once('message', (ending: Ending) => void end(ending).then((result) => process.send!(result)))
      return process.send!(ready)
    })
  })
}
