import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const linkedNode = join(root, 'node_modules', '.bin', 'node')
const isWindows = process.platform === 'win32'

const unreachable = 'The npm registry cannot be reached: check the network and proxy ("npm ping"), then start again.'

/** What npm's errors say, and what to tell someone in a hurry. The first match wins. */
const knownFailures = [
  [/ENOSPC/, (where) => `The disk is full: ${where} could not be written. Free some space and start again.`],
  [/E(ROFS|ACCES|PERM)\b/, (where) => `Cannot write to ${where}: make it writable for your user and start again.`],
  [/ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED/, () => unreachable],
  [/EUSAGE/, () => 'package.json and package-lock.json do not belong together: restore both with git, then start again.'],
]

/**
 * Makes node_modules fit package-lock.json with `npm ci` when it does not already, and returns the path of a
 * Node 24 (or newer) to run Hilo with: the one from npm, or else this machine's own. Ends the process with one
 * clear line when either is impossible. `dev: true` also asks for what only tests and benchmarks need.
 */
export async function ensureInstalled({ dev = false } = {}) {
  if (majorOf(process.version) < 20) {
    fail(`Hilo needs Node 20 or newer, this is ${process.version}. Install a current one from https://nodejs.org.`)
  }
  if (!isInstalled(dev)) await install()
  return findNode()
}

/**
 * Compares contents, not file times, which a copy, an image layer or a checkout changes.
 * npm writes node_modules/.package-lock.json last, so an interrupted install has none.
 */
function isInstalled(dev) {
  const wanted = readPackages('package-lock.json')
  const present = readPackages(join('node_modules', '.package-lock.json'))
  if (!wanted) fail(`${root}package-lock.json is missing or damaged: restore it with git, then start again.`)
  if (!present) return false
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true
    if (present[path]) return present[path].version === entry.version
    return entry.optional || ((entry.dev || entry.devOptional) && !dev)
  })
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages
  } catch {
    return undefined
  }
}

async function install() {
  console.log('Installing what Hilo needs from npm (about a minute, only now and after updates)…')
  const { code, output } = await runNpm([
    'ci', '--include=dev', '--include=optional', '--engine-strict=false', '--loglevel=http',
    '--no-audit', '--no-fund', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000',
  ])
  if (code === 0) return
  if (isUnreachable(output)) fail(unreachable)
  const errors = output.replace(/^npm (http|warn) .*\n/gm, '').trim()
  const known = knownFailures.find(([pattern]) => pattern.test(errors))
  if (known) fail(known[1](/^npm error path (.+)$/m.exec(errors)?.[1] ?? root))
  fail(`${errors}\n"npm ci" failed in ${root} for the reason above.`)
}

/** Runs npm and stops it when this process is told to stop, so that it never goes on writing alone. */
function runNpm(args) {
  return new Promise((resolve) => {
    const npm = spawn('npm', args, {
      cwd: root, env: envOutsideProject(), shell: isWindows, stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    const collect = (chunk) => {
      output += chunk
      if (isUnreachable(output)) npm.kill()
    }
    const stop = (signal) => {
      npm.kill(signal)
      process.exit(signal === 'SIGINT' ? 130 : 143)
    }
    npm.stdout.on('data', collect)
    npm.stderr.on('data', collect)
    npm.on('error', () => fail('npm was not found: it comes with Node (https://nodejs.org); put it on the PATH.'))
    npm.on('close', (code) => {
      process.off('SIGINT', stop).off('SIGTERM', stop)
      resolve({ code, output })
    })
    process.on('SIGINT', stop).on('SIGTERM', stop)
  })
}

/** npm would try each package in vain, for minutes where names resolve slowly: ten failures and no success will do. */
function isUnreachable(output) {
  return !/fetch GET 200/.test(output) && output.split(/attempt \d+ failed with/).length > 10
}

/** `npm ci` must not run on the very Node in node_modules that it is about to replace. */
function envOutsideProject() {
  const paths = (process.env.PATH ?? '').split(delimiter)
  return { ...process.env, PATH: paths.filter((path) => !path.startsWith(join(root, 'node_modules'))).join(delimiter) }
}

/** The Node from npm comes as one optional package per platform, without any install script. */
function findNode() {
  if (!isWindows) {
    const version = spawnSync(linkedNode, ['--version'], { encoding: 'utf8' }).stdout
    if (version && majorOf(version) >= 24) return linkedNode
    unlinkBrokenNode()
  }
  if (majorOf(process.version) >= 24) return process.execPath
  return fail(
    `Hilo runs on Node 24 or newer and npm has none for ${process.platform}-${process.arch} (or it was left out): ` +
    `this is ${process.version}. Install Node 24 from https://nodejs.org, or delete node_modules to try again.`,
  )
}

/** npm scripts look here first: a Node that cannot run on this system (musl, say) would hide the machine's own. */
function unlinkBrokenNode() {
  try {
    rmSync(linkedNode, { force: true })
  } catch {
    // A folder of someone else's: the machine's own Node serves for this run.
  }
}

function majorOf(version) {
  return Number.parseInt(version.replace('v', ''), 10)
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
