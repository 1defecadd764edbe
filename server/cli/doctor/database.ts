import { sql } from 'kysely'
import type { Config } from '../../config.ts'
import { nameReason } from '../../database/database-errors.ts'
import { describeLocation, oldestServerVersion } from '../../database/open.ts'
import type { Database } from '../../database/schema.ts'
import { findHolder, hasEmbeddedDatabase } from '../with-database.ts'
import { type Check, isForbidden } from './check.ts'
import { checkClocks, checkOwnClock } from './clock.ts'
import { checkMigrations } from './migrations.ts'
import { type Opened, openEmbeddedUnchanged, openPostgresUnchanged } from './open-unchanged.ts'
import { checkRowLevelSecurity } from './row-level-security.ts'

const name = 'database'
const newestTestedVersion = 18

/** Everything that is asked of the database itself, and the clocks. Changes nothing. */
export function checkDatabase(config: Config): Promise<Check[]> {
  return config.databaseUrl ? checkPostgres(config.databaseUrl) : checkEmbedded(config.dataDir)
}

async function checkPostgres(url: string): Promise<Check[]> {
  const where = describeLocation(url)
  try {
    return await look(openPostgresUnchanged(url), where)
  } catch (error) {
    const hint = 'Check HILO_DATABASE_URL, that the server runs, and that it lets this machine in.'
    return [{ name, state: 'FAIL', message: `${where} cannot be used: ${nameReason(error)}.`, hint }, checkOwnClock()]
  }
}

async function checkEmbedded(folder: string): Promise<Check[]> {
  const holder = findHolder(folder)
  if (holder !== undefined) {
    const hint = 'Stop it to have migrations and row-level security checked as well.'
    return [{ name, state: 'OK', message: `Embedded in ${folder}, open in process ${holder}.`, hint }, checkOwnClock()]
  }
  if (!hasEmbeddedDatabase(folder)) {
    const hint = 'The first start makes it. If Hilo has run before, HILO_DATA_DIR points to the wrong place.'
    return [{ name, state: 'WARN', message: `There is no embedded database in ${folder}.`, hint }, checkOwnClock()]
  }
  try {
    return await look(await openEmbeddedUnchanged(folder), `embedded in ${folder}`)
  } catch (error) {
    const hint = isForbidden(error)
      ? 'Run this as the user to whom the folder belongs, as the server does.'
      : 'Make a copy of the folder before anything else; then restore a backup, or report this.'
    return [{ name, state: 'FAIL', message: `The one in ${folder} cannot be opened: ${nameReason(error)}.`, hint }, checkOwnClock()]
  }
}

async function look({ db, close }: Opened, where: string): Promise<Check[]> {
  try {
    const version = await checkVersion(db, where)
    if (version.state === 'FAIL') return [version, checkOwnClock()]
    const { check: migrations, isUsable } = await checkMigrations(db)
    const security = isUsable ? [await checkRowLevelSecurity(db)] : []
    return [version, migrations, ...security, await checkClocks(db, { hasTables: isUsable })]
  } finally {
    await close()
  }
}

async function checkVersion(db: Database, where: string): Promise<Check> {
  const { rows } = await sql<{ version: string, major: number, size: number }>`
    select current_setting('server_version') as version, current_setting('server_version_num')::int / 10000 as major,
      (pg_database_size(current_database()) / 1024 / 1024)::int as size
  `.execute(db)
  const { version, major, size } = rows[0]!
  const message = `PostgreSQL ${version}, ${where.replace('PostgreSQL ', '')}, ${size} MiB.`
  if (major < oldestServerVersion) {
    return { name, state: 'FAIL', message, hint: `Hilo needs PostgreSQL ${oldestServerVersion} or newer.` }
  }
  if (major > newestTestedVersion) {
    return { name, state: 'WARN', message, hint: `This Hilo was tested up to PostgreSQL ${newestTestedVersion}.` }
  }
  return { name, state: 'OK', message }
}
