import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { readBlock, root } from './document.ts'

/** Runs the receiver that a guide shows, as its reader would, on a free port. @param mark of its block */
export async function startGuideReceiver(
  t: TestContext, guide: string, { mark, secret }: { mark: string, secret: string },
) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', readBlock(guide, mark)], {
    cwd: `${root}server`, env: { ...process.env, HILO_WEBHOOK_SECRET: secret, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill())
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const readLine = async () => (await lines.next()).value as string
  const port = /port (\d+)/.exec(await readLine())![1]
  return { readLine, url: `http://127.0.0.1:${port}/` }
}
