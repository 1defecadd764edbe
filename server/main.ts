import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, findUnknownSettings, readConfig } from './config.ts'
import { openDatabase, type OpenDatabase } from './database/open.ts'
import { createFirstOrganization, type FirstOrganization } from './organizations/create-first-organization.ts'
import { findIgnoredBootstrap } from './organizations/find-ignored-bootstrap.ts'
import { type ConfigWithSecret, withSecret } from './read-secret.ts'
import { StartError } from './start-error.ts'
import { describeFirst, describeStart } from './start-texts.ts'
import { type RunningServer, startServer } from './start-server.ts'
import { stopOnSignal } from './stop-on-signal.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)

async function open(config: Config): Promise<OpenDatabase> {
  const isNew = !config.databaseUrl && !existsSync(join(config.dataDir, 'pglite'))
  if (isNew) print('Preparing the embedded database; this first start takes a few seconds…')
  const database = await openDatabase(config)
  if (database.migrated.length > 0 && !isNew) print(`Prepared the database: ${database.migrated.join(', ')}`)
  return database
}

/** A key that was just created is shown even if the server cannot listen: it is never shown again. */
async function serve(
  config: ConfigWithSecret, database: OpenDatabase, first: FirstOrganization | undefined,
): Promise<RunningServer> {
  try {
    return await startServer(config, { database })
  } catch (error) {
    if (first) print(`Created in the database:\n${describeFirst(first).join('\n')}`)
    throw error
  }
}

async function start(): Promise<void> {
  const config = withSecret(readConfig(process.env))
  const database = await open(config)
  try {
    const first = await createFirstOrganization(database.db, config)
    const ignored = first ? [] : await findIgnoredBootstrap(database.db, config)
    const running: { server?: RunningServer } = {} // a signal may come while it starts
    stopOnSignal(async () => {
      await running.server?.stop()
      await database.close()
    })
    const server = running.server = await serve(config, database, first)
    print(describeStart({ url: server.url, database, first, ignored, unknown: findUnknownSettings(process.env) }))
    server.app.log.info({ url: server.url, database: database.kind }, 'listening')
  } catch (error) {
    await database.close()
    throw error
  }
}

try {
  await start()
} catch (error) {
  // A line for the person at the terminal; what nobody foresaw comes with the way there.
  const reason = error instanceof StartError ? error.message : `Hilo cannot start: ${String((error as Error).stack)}`
  process.stderr.write(`${reason}\n`)
  process.exit(1)
}
