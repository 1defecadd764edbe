import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../bin/hilo.js', import.meta.url))

export interface Ran {
  exitCode: number | null
  stdout: string
  stderr: string
  /** Standard output as JSON; tests say what they expect in it. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  json(): any
}

export interface RunOptions {
  /** Settings; those of whoever runs the tests are left out. */
  env?: NodeJS.ProcessEnv
  /** Options of Node itself. */
  nodeArgs?: string[]
}

function start(args: readonly string[], { env, nodeArgs = [] }: RunOptions): ChildProcess {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(HILO_|NODE_)/.test(name))
  return spawn(process.execPath, [...nodeArgs, bin, ...args], {
    env: { ...Object.fromEntries(inherited), ...env }, cwd: tmpdir(), stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** Runs `hilo` to its end, as from a terminal. */
export async function runHilo(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = start(args, options)
  let stdout = ''
  let stderr = ''
  child.stdout!.on('data', (chunk: Buffer) => { stdout += String(chunk) })
  child.stderr!.on('data', (chunk: Buffer) => { stderr += String(chunk) })
  const [exitCode] = await once(child, 'close') as [number | null]
  return { exitCode, stdout, stderr, json: () => JSON.parse(stdout) }
}

export interface Serving {
  url: string
  pid: number
  /** Ends it as Ctrl-C does. @returns its exit code. */
  stop(): Promise<number | null>
}

/** `hilo serve` on a free port, from its first to its last breath. */
export async function serveHilo(t: TestContext, env: NodeJS.ProcessEnv): Promise<Serving> {
  const child = start(['serve'], { env: { HILO_PORT: '0', HILO_LOG_LEVEL: 'silent', ...env } })
  const gone = once(child, 'exit') as Promise<[number | null]>
  t.after(() => child.kill('SIGKILL'))
  const url = await readUrl(child)
  return {
    url,
    pid: child.pid!,
    stop: async () => {
      child.kill('SIGINT')
      return (await gone)[0]
    },
  }
}

/** Waits for the last line of what it prints when it is up. */
function readUrl(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let output = ''
  const read = (chunk: Buffer) => {
    output += String(chunk)
    const url = /Hilo is running at (\S+)/.exec(output)?.[1]
    if (url && output.includes('Stop it with Ctrl-C')) resolve(url)
  }
  child.stdout!.on('data', read)
  child.stderr!.on('data', read)
  child.on('exit', () => reject(new Error(`hilo serve ended: ${output}`)))
  return promise
}

/** A command that goes on until it is stopped, line by line of its standard output. */
export interface Following {
  lines: AsyncIterator<string>
  /** Ends it as Ctrl-C does. @returns its exit code. */
  stop(): Promise<number | null>
}

export function followHilo(t: TestContext, args: readonly string[], env: NodeJS.ProcessEnv): Following {
  const child = start(args, { env })
  const gone = once(child, 'exit') as Promise<[number | null]>
  t.after(() => child.kill('SIGKILL'))
  return {
    lines: createInterface(child.stdout!)[Symbol.asyncIterator](),
    stop: async () => {
      child.kill('SIGINT')
      return (await gone)[0]
    },
  }
}
