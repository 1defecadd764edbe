import { type Kysely, sql } from 'kysely'

/** An approved call of which nobody knows what it did is `failed`, rather than `running` for ever. */
const statements = [
  `alter table approvals drop constraint approvals_status_check,
    add constraint approvals_status_check check (status in ('pending', 'running', 'approved', 'rejected', 'failed'))`,
  'create index approvals_running on approvals (decided_at) where status = \'running\'',
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}
