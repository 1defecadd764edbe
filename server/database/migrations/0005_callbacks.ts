import { type Kysely, sql } from 'kysely'

/**
 * Answers that go to an address of the call: each agent has one endpoint for them, with one secret; the address stands
 * at the event and at its deliveries. One event may go to several addresses, each in a lane of its own.
 */
const statements = [
  'alter table events add column callback jsonb',
  `create index events_with_callback on events ((callback ->> 'agentId'), organization_id, seq)
    where callback is not null`,
  `alter table webhook_endpoints add column kind text not null default 'events' check (kind in ('events', 'answers')),
    alter column url drop not null,
    add check ((url is null) = (kind = 'answers'))`,
  `create unique index webhook_endpoints_of_answers on webhook_endpoints (agent_id, organization_id)
    where kind = 'answers'`,
  `alter table webhook_deliveries add column url text,
    drop constraint webhook_deliveries_pkey,
    add primary key (endpoint_id, organization_id, seq, lane)`,
  'alter table webhook_attempts add column url text',
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}
