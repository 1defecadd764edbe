import { type Kysely, sql } from 'kysely'

/**
 * A draft that is published while the AI works keeps its place among what the model has seen already. So the turn says
 * that it is overtaken, and by whom.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table turns add column overtaken_by text check (overtaken_by in ('contact', 'human'))`.execute(db)
}
