import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, readConfig } from '../config.ts'
import { FolderInUseError, lockDataFolder } from '../database/data-folder-lock.ts'
import { type OpenDatabase, openDatabase } from '../database/open.ts'
import { StartError } from '../start-error.ts'

export interface DatabaseUse {
  /** What a running server offers in the place of this command, for the case that it holds the embedded database. */
  instead: string
  /** May make the embedded database when there is none. */
  mayCreate?: boolean
}

/**
 * Opens the database of the settings, migrated, and closes it after `work`.
 * @throws StartError when it cannot be opened: in use by a running server, not there, away.
 */
export async function withDatabase<Result>(
  { instead, mayCreate = false }: DatabaseUse,
  work: (database: OpenDatabase) => Promise<Result>,
): Promise<Result> {
  const config = readConfig(process.env)
  if (!config.databaseUrl) {
    assertNotInUse(config.dataDir, instead)
    if (!mayCreate) assertThere(config.dataDir)
  }
  const database = await open(config)
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}

async function open(config: Config): Promise<OpenDatabase> {
  try {
    return await openDatabase(config)
  } catch (error) {
    if (error instanceof StartError) throw error
    throw new StartError(
      `The database in ${config.dataDir} cannot be opened: ${(error as Error).message}. ` +
        '"npx hilo doctor" looks for the cause.',
      { cause: error },
    )
  }
}

function assertNotInUse(folder: string, instead: string): void {
  const pid = findHolder(folder)
  if (pid === undefined) return
  throw new StartError(
    `The data folder ${folder} is in use by a running Hilo (process ${pid}), and the embedded database can be open in ` +
      `one process only. Stop that one, or ${instead}.`,
  )
}

/** The process that has the embedded database open, if there is one. */
export function findHolder(folder: string): number | undefined {
  if (!existsSync(folder)) return undefined
  try {
    lockDataFolder(folder)()
    return undefined
  } catch (error) {
    // Whatever else is wrong with the folder, opening it says so.
    return error instanceof FolderInUseError ? error.pid : undefined
  }
}

/** Whether the folder holds an embedded database; where nobody lets us look, opening it says so. */
export function hasEmbeddedDatabase(folder: string): boolean {
  try {
    return statSync(join(folder, 'pglite', 'PG_VERSION')).isFile()
  } catch (error) {
    return !['ENOENT', 'ENOTDIR'].includes(String((error as NodeJS.ErrnoException).code))
  }
}

/** To look for something in a new, empty database helps nobody. */
function assertThere(folder: string): void {
  if (hasEmbeddedDatabase(folder)) return
  throw new StartError(
    `There is no Hilo database in ${folder}. Run this in Hilo's own folder, set HILO_DATA_DIR or HILO_DATABASE_URL to ` +
      'where the data lies, or make a new one with "npx hilo serve".',
  )
}
