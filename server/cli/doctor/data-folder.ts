import { accessSync, constants, existsSync, statSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Config } from '../../config.ts'
import type { Check } from './check.ts'

type FolderUse = Pick<Config, 'dataDir' | 'databaseUrl' | 'secret'>

/** Whether the data folder is there, ours to write, and closed to others. */
export function checkDataFolder({ dataDir: folder, databaseUrl, secret }: FolderUse): Check {
  const name = 'data folder'
  if (databaseUrl && secret) {
    return { name, state: 'OK', message: 'Not needed with HILO_DATABASE_URL and HILO_SECRET.' }
  }
  const place = findExisting(folder)
  if (!statSync(place).isDirectory()) {
    return { name, state: 'FAIL', message: `${place} is no folder.`, hint: 'Set HILO_DATA_DIR to a folder.' }
  }
  if (!isWritable(place)) {
    const hint = 'Make it writable for your user, or set HILO_DATA_DIR to a folder that is.'
    return { name, state: 'FAIL', message: `${place} cannot be written.`, hint }
  }
  if (place !== folder) {
    const hint = 'The first start makes it. If Hilo has run before, HILO_DATA_DIR points to the wrong place.'
    return { name, state: 'WARN', message: `${folder} does not exist.`, hint }
  }
  if (process.platform !== 'win32' && (statSync(folder).mode & 0o077) !== 0) {
    const hint = `Close it: chmod 700 ${folder}`
    return { name, state: 'WARN', message: `${folder} is open to other users of this machine.`, hint }
  }
  return { name, state: 'OK', message: `${folder} is writable.` }
}

const mebibyte = 1024 * 1024
const plenty = 1024 * mebibyte
const tooLittle = 100 * mebibyte

/** How much room the disk of the data folder has. The disk of a PostgreSQL elsewhere cannot be seen from here. */
export function checkDisk(folder: string): Check {
  const name = 'disk'
  const { bavail, bsize } = statfsSync(findExisting(folder))
  const free = bavail * bsize
  const message = `${describeSize(free)} free for ${folder}.`
  if (free < tooLittle) return { name, state: 'FAIL', message, hint: 'Free some space: a full disk stops recording.' }
  if (free < plenty) return { name, state: 'WARN', message, hint: 'Free some space soon: a full disk stops recording.' }
  return { name, state: 'OK', message }
}

function describeSize(bytes: number): string {
  return bytes < plenty ? `${Math.floor(bytes / mebibyte)} MiB` : `${(bytes / plenty).toFixed(1)} GiB`
}

/** The folder itself, or the nearest one above it that exists. */
function findExisting(folder: string): string {
  return existsSync(folder) ? folder : findExisting(dirname(folder))
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}
