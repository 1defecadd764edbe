import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'

/** How a program came to its end. */
export type Ending = { code: number | null, signal: string | null, hasTimedOut: boolean }

/** A Node program that runs, with all processes it started. */
export interface Program {
  stdin: Writable
  /** Its file descriptor 3. */
  reports: Readable
  /** What it has printed since this was last called. */
  takeOutput(): string
  /** Ends it unless it ends by itself in so many milliseconds from now; called again, the last one holds. */
  limit(timeoutMs: number): void
  ended: Promise<Ending>
}

const running = new Set<ChildProcess>()

/** Ends every program that still runs, with all processes it started. */
export function stopPrograms() {
  for (const child of running) killGroup(child)
}

/** On this very Node. It leads a process group of its own, so that a server which a test forgot ends with it. */
export function startProgram(args: string[], env: NodeJS.ProcessEnv): Program {
  const child = spawn(process.execPath, args, { env, detached: true, stdio: ['pipe', 'pipe', 'pipe', 'pipe'] })
  const { stdin, stdout, stderr, stdio } = child
  running.add(child)
  stdin.on('error', () => {}) // it has ended; that is told by `ended`
  let timer: NodeJS.Timeout | undefined
  let hasTimedOut = false
  child.once('exit', () => {
    clearTimeout(timer)
    killGroup(child)
  })
  const limit = (timeoutMs: number) => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      hasTimedOut = true
      killGroup(child)
    }, timeoutMs)
  }
  const ended = once(child, 'close').then(([code, signal]) => {
    running.delete(child)
    return { code, signal, hasTimedOut }
  })
  return { stdin, reports: stdio[3] as Readable, takeOutput: collect(stdout, stderr), limit, ended }
}

function collect(...streams: Readable[]): () => string {
  const chunks: Buffer[] = []
  for (const stream of streams) stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks.splice(0)).toString('utf8')
}

function killGroup({ pid }: ChildProcess) {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // Nothing of it is left.
  }
}
