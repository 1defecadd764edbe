import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { join } from 'node:path'
import { ensureInstalled, root } from './install.mjs'

/** One Ctrl-C reaches us twice, from the terminal and through npm. A person's second one comes later than this. */
const sameSignalMs = 300
/** Node keeps what it compiled from one start to the next: half of the time to start. */
const compileCache = join(root, 'node_modules', '.cache', 'compiled')
const preload = new URL('stop-with-parent.mjs', import.meta.url).href

/**
 * Installs if needed, then runs a script of this project on Node 24 with this process's arguments and output,
 * passes signals on, and exits as it does. `dev` as for ensureInstalled; `nodeOptions` for Node itself.
 */
export async function launch(script, { dev = false, nodeOptions = [] } = {}) {
  const node = await ensureInstalled({ dev })
  const child = spawn(node, [...nodeOptions, '--import', preload, script, ...process.argv.slice(2)], {
    cwd: root,
    env: { NODE_COMPILE_CACHE: compileCache, ...process.env },
    // Own process group: a Ctrl-C in the terminal then reaches the child once, through us. Own channel: it sees us die.
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  forwardSignals(child)
  child.on('error', (error) => {
    console.error(`${script} could not be started with ${node}: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}

function forwardSignals(child) {
  const lastMs = {}
  const forward = (signal) => {
    const nowMs = performance.now()
    if (nowMs - (lastMs[signal] ?? -Infinity) > sameSignalMs) child.kill(signal)
    lastMs[signal] = nowMs
  }
  process.on('SIGINT', forward).on('SIGTERM', forward)
  process.on('SIGHUP', () => forward('SIGTERM'))
  if (process.env.npm_lifecycle_event) whenParentDies(() => Object.keys(lastMs).length > 0 || forward('SIGTERM'))
}

/** npm cannot pass on the kill -9 that ends it, nor the signal that ends a shell between it and us. */
function whenParentDies(act) {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    act()
  }, 500)
  watch.unref()
}
