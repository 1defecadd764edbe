import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serverOptions } from '../scripts/server-options.mjs'
import type { Bench } from './bench.ts'
import type { Place } from './databases.ts'
import { type HttpServer, startHttpServer } from './http-server.ts'

interface StartOptions {
  /** Where its CPU profile goes; absent: none is made. */
  profileFolder?: string
  /** Of Hilo, beside those that name the place. */
  settings?: Record<string, string>
}

/** Starts Hilo as a user does. */
export function startHilo(
  { children }: Bench, place: Place, { profileFolder, settings }: StartOptions = {},
): Promise<HttpServer> {
  return startHttpServer(children, {
    script: 'server/main.ts',
    env: { ...place, ...settings },
    execArgv: [
      ...serverOptions, ...profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`],
    ],
  })
}

/** A folder that outlives the run. */
export function makeProfileFolder(): string {
  return mkdtempSync(join(tmpdir(), 'hilo-profile-'))
}
