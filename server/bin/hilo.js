#!/usr/bin/env node
// The command `hilo`. Plain JavaScript, so that an older Node can read it and hand over to the one from npm.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const nodeFromNpm = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url))

await main()

async function main() {
  if (!existsSync(new URL('../../node_modules/commander/package.json', import.meta.url))) {
    return fail(`Hilo is not installed yet: run "npm ci" (or "npm start") in ${root} first.`)
  }
  if (isRecent(process.version)) {
    const { enableCompileCache } = await import('node:module')
    enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url)))
    const { runCli } = await import('../cli/run-cli.ts')
    return runCli(process.argv)
  }
  if (isUsable(nodeFromNpm)) return handOver(nodeFromNpm)
  fail(`Hilo runs on Node 24 or newer, this is ${process.version}. Run "npm ci" in ${root}, which brings one along, ` +
    'or install Node 24 from https://nodejs.org.')
}

function isRecent(version) {
  return Number.parseInt(version.replace('v', ''), 10) >= 24
}

/** Whether it is there, runs on this system, and is recent. */
function isUsable(node) {
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' })
  return Boolean(stdout) && isRecent(stdout)
}

/** Runs the same command on that Node and ends as it does. */
function handOver(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  // A Ctrl-C reaches the child from the terminal itself; a second copy from us would tell it to give up at once.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => fail(`Hilo could not be started with ${node}: ${error.message}`))
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}

function fail(message) {
  console.error(message)
  process.exitCode = 1
}
