import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, settings } from '../../config.ts'
import { type Check, isForbidden } from './check.ts'

const name = 'secret'

/** Whether the secret that encrypts credentials is there, whole, and readable by its owner only. */
export function checkSecret({ secret, dataDir }: Pick<Config, 'secret' | 'dataDir'>): Check {
  if (secret) return { name, state: 'OK', message: 'Taken from HILO_SECRET.' }
  const path = join(dataDir, 'secret')
  try {
    settings.secret.parse(readFileSync(path, 'utf8').trim())
  } catch (error) {
    return explain(error as NodeJS.ErrnoException, path)
  }
  const mode = statSync(path).mode & 0o777
  if (process.platform !== 'win32' && mode !== 0o600) {
    const message = `${path} has the mode ${mode.toString(8).padStart(4, '0')}: others may read it.`
    return { name, state: 'FAIL', message, hint: `Close it: chmod 600 ${path}` }
  }
  return { name, state: 'OK', message: `${path}, for its owner only. Keep a copy of it with every backup.` }
}

function explain(error: NodeJS.ErrnoException, path: string): Check {
  const { code, message } = error
  if (isForbidden(error)) {
    const hint = 'Run this as the user to whom it belongs, as the server does.'
    return { name, state: 'FAIL', message: `${path} may not be read (${code}).`, hint }
  }
  if (code === 'ENOENT') {
    const hint = 'The first start makes it. If Hilo has run before, put it back from a copy.'
    return { name, state: 'WARN', message: `There is no ${path}.`, hint }
  }
  const problem = code === undefined ? message : `cannot be read (${code})`
  const hint = 'Put the right one back from a copy: without it, stored credentials cannot be read.'
  return { name, state: 'FAIL', message: `${path} ${problem}.`, hint }
}
