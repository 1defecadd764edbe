import { type Kysely, sql } from 'kysely'

/** Whoever reads the log of one conversation finds its events without reading those of the whole organization. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(`create index events_by_conversation on events (conversation_id, organization_id, seq)
    where conversation_id is not null`).execute(db)
}
