import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from './config.ts'
import { StartError } from './start-error.ts'

const minLength = 32

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Writes it beside and links it into place: whole or not there, and of two processes that start at once one wins. */
function makeFile(path: string): void {
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, `${randomBytes(48).toString('base64url')}\n`, { mode: 0o600 })
  try {
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    unlinkSync(draft)
  }
}

function readOrMakeFile(folder: string): string {
  const path = join(folder, 'secret')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (readFile(path) === undefined) makeFile(path)
  return readFile(path)!
}

/** Settings with which a server can run: there is a secret. */
export type ConfigWithSecret = Config & { secret: string }

/**
 * Completes the settings by the secret that encrypts credentials at rest and signs tokens: HILO_SECRET, else the file
 * `secret` in the data folder, which is made where it is missing and only its owner can read.
 * @throws StartError if there is none and none can be made.
 */
export function withSecret(config: Config): ConfigWithSecret {
  return { ...config, secret: config.secret ?? readSecret(config.dataDir) }
}

function readSecret(dataDir: string): string {
  let found: string
  try {
    found = readOrMakeFile(dataDir)
  } catch (error) {
    throw new StartError(`Cannot keep the secret in the data folder ${dataDir} `
      + `(${(error as NodeJS.ErrnoException).code}). Make the folder writable, set HILO_DATA_DIR to one that is, or give `
      + 'the secret in HILO_SECRET.', { cause: error })
  }
  if (found.length >= minLength) return found
  throw new StartError(`The file ${join(dataDir, 'secret')} holds no secret of at least ${minLength} characters. Put the `
    + 'right one back from a copy; without it, stored credentials cannot be read. If there are none, delete the file.')
}
