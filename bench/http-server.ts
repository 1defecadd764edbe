import type { ChildProcess } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { findFreePort } from '../server/test/find-free-port.ts'
import { type Children, stopChild } from './children.ts'

const startTimeoutMs = 60_000

export interface HttpServer {
  url: string
  pid: number
  /** From the start of the process to the first 200 of /readyz. */
  startMs: number
  stop(): Promise<void>
}

interface ServerCommand {
  script: string
  env?: Record<string, string>
  execArgv?: string[]
}

/** Starts a server of this project on a free port and waits until it is ready. */
export async function startHttpServer(
  children: Children, { script, env, execArgv }: ServerCommand,
): Promise<HttpServer> {
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  const startedAt = performance.now()
  const child = children.start(script, {
    env: { ...env, HILO_HOST: '127.0.0.1', HILO_PORT: String(port), HILO_RATE_LIMIT: '0', HILO_LOG_LEVEL: 'warn' },
    execArgv,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const readOutput = collectOutput(child)
  if (!await becomesReady(child, url)) {
    await stopChild(child)
    throw new Error(`${script} did not get ready:\n${readOutput()}`)
  }
  return { url, pid: child.pid!, startMs: performance.now() - startedAt, stop: () => stopChild(child) }
}

/** The last lines that a server wrote, to show when it fails; reading them also keeps its pipes from filling up. */
function collectOutput(child: ChildProcess): () => string {
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output = (output + String(chunk)).slice(-4000)
    })
  }
  return () => output
}

async function becomesReady(child: ChildProcess, url: string): Promise<boolean> {
  const until = performance.now() + startTimeoutMs
  while (performance.now() < until && child.exitCode === null && child.signalCode === null) {
    const isReady = await fetch(`${url}/readyz`).then((answer) => answer.status === 200, () => false)
    if (isReady) return true
    await wait(5)
  }
  return false
}
