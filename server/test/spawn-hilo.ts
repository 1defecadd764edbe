import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))

export interface SpawnedHilo {
  process: ChildProcessByStdio<null, Readable, Readable>
  /** What it has printed so far. */
  stdout(): string
  stderr(): string
  /** Resolves with what matched as soon as it is on standard output; rejects if the process ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>
  /** Its address, once it runs. */
  url(): Promise<string>
  /** Exit code, or the name of the signal that ended it. */
  ended: Promise<number | string>
}

/** A new folder that is gone after the test. */
export function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'hilo-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}

/** What has no say in what Hilo does. */
function inherited(): NodeJS.ProcessEnv {
  const { PATH, NODE_COMPILE_CACHE } = process.env
  return { PATH, ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }) }
}

/** `node server/main.ts` as a process of its own, with these settings only. */
export function spawnHilo(t: TestContext, settings: Record<string, string>): SpawnedHilo {
  const child = spawn(process.execPath, [main], {
    env: { ...inherited(), HILO_PORT: '0', ...settings }, stdio: ['ignore', 'pipe', 'pipe'],
  })
  const texts = { stdout: '', stderr: '' }
  const ended = new Promise<number | string>((resolve) => {
    child.on('close', (code, signal) => resolve(code ?? signal!))
  })
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text
    })
  }
  const printed = (pattern: RegExp) => new Promise<RegExpExecArray>((resolve, reject) => {
    const look = () => {
      const found = pattern.exec(texts.stdout)
      if (found) resolve(found)
    }
    child.stdout.on('data', look)
    void ended.then((how) => reject(new Error(`ended with ${how}: ${texts.stdout}${texts.stderr}`)))
    look()
  })
  return {
    process: child,
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    printed,
    url: async () => (await printed(/Hilo is running at (\S+)[^]*Stop it with/))[1]!,
    ended,
  }
}
