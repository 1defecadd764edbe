import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { root } from './document.ts'

export interface MainProcess {
  /** What it has printed for people: all before its log. */
  printed: string
  url: string
  /** Ends it as Ctrl-C does. */
  stop(): Promise<void>
}

const lastLine = 'Stop it with Ctrl-C.'

/** Starts `server/main.ts`, as `npm start` does, on a free port with these settings and no others. */
export async function startMain(settings: Record<string, string>): Promise<MainProcess> {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('HILO_'))
  const child = spawn(process.execPath, ['server/main.ts'], {
    cwd: root, env: { ...Object.fromEntries(others), HILO_PORT: '0', ...settings }, stdio: ['ignore', 'pipe', 'pipe'],
  })
  const printed = await readUntilStarted(child)
  return {
    printed,
    url: /^Hilo is running at (\S+)$/m.exec(printed)![1]!,
    stop: async () => {
      if (child.exitCode !== null) return
      child.kill('SIGINT')
      await once(child, 'exit')
    },
  }
}

function readUntilStarted(child: ChildProcessByStdio<null, Readable, Readable>): Promise<string> {
  let output = ''
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes(lastLine)) resolve(output.slice(0, output.indexOf(lastLine)))
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.on('error', reject)
    child.on('exit', (code) => reject(new Error(`server/main.ts ended with ${code}: ${output}`)))
  })
}
