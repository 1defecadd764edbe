import { isDeepStrictEqual } from 'node:util'
import { sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import * as conversationOfRecord from './migrations/0001_conversation_of_record.ts'
import * as webhooks from './migrations/0002_webhooks.ts'
import * as eventCauses from './migrations/0003_event_causes.ts'
import * as answers from './migrations/0004_answers.ts'
import * as callbacks from './migrations/0005_callbacks.ts'
import * as eventsOfConversations from './migrations/0006_events_of_conversations.ts'
import * as failedApprovals from './migrations/0007_failed_approvals.ts'
import * as contactSearch from './migrations/0008_contact_search.ts'
import * as publishedDrafts from './migrations/0009_published_drafts.ts'
import type { Database } from './schema.ts'

/** In order; one that was released is never edited. */
const migrations: Record<string, Migration> = {
  '0001_conversation_of_record': conversationOfRecord,
  '0002_webhooks': webhooks,
  '0003_event_causes': eventCauses,
  '0004_answers': answers,
  '0005_callbacks': callbacks,
  '0006_events_of_conversations': eventsOfConversations,
  '0007_failed_approvals': failedApprovals,
  '0008_contact_search': contactSearch,
  '0009_published_drafts': publishedDrafts,
}

export interface MigrationState {
  name: string
  /** Absent while it has not run on this database. */
  executedAt?: Date
}

function createMigrator(db: Database): Migrator {
  return new Migrator({
    db,
    provider: { getMigrations: async () => migrations },
    migrationTableName: 'migrations',
    migrationLockTableName: 'migration_lock',
  })
}

/**
 * Brings the database up to date, as the role that connected. Processes that start together wait for each other.
 * @returns the names of the migrations that ran now.
 */
export async function migrate(db: Database): Promise<string[]> {
  if (await isUpToDate(db)) return []
  const { error, results } = await createMigrator(db).migrateToLatest()
  if (error) throw error
  return (results ?? []).map((result) => result.migrationName)
}

/**
 * Every migration of this version has run here, and no other. The migrator would find out as well, but it looks at
 * every table and column first, which takes the embedded database a quarter of a second.
 */
async function isUpToDate(db: Database): Promise<boolean> {
  return isDeepStrictEqual(await readExecutedNames(db), Object.keys(migrations))
}

/** The migrations that ran here, in order, whether this version knows them or not. */
export async function readExecutedNames(db: Database): Promise<string[]> {
  const { rows: [found] } = await sql<{ exists: boolean }>`select to_regclass('migrations') is not null as exists`.execute(db)
  if (!found!.exists) return []
  const { rows } = await sql<{ name: string }>`select name from migrations`.execute(db)
  return rows.map(({ name }) => name).sort()
}

/** Every migration this version knows, and when it ran here. */
export async function readMigrationStates(db: Database): Promise<readonly MigrationState[]> {
  return createMigrator(db).getMigrations()
}
