import { type Kysely, sql } from 'kysely'

/** Which API key caused an event: whoever asks for it never hears of what it did itself. Absent for all others. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw('alter table events add column api_key_id text').execute(db)
}
