import { type Kysely, sql } from 'kysely'

const tenantTables = ['webhook_endpoints', 'webhook_deliveries', 'webhook_attempts']

/** Keys as in 0001: first what tells rows apart, the organization after it. */
const tables = [
  `create table webhook_endpoints (
    organization_id text not null references organizations,
    id text not null,
    url text not null,
    description text,
    event_types text[],
    agent_id text,
    channel text,
    is_ordered boolean not null,
    ignore_own boolean not null,
    own_api_key_id text not null,
    is_enabled boolean not null,
    disabled_reason text,
    secret text not null,
    old_secret text,
    old_secret_until timestamptz,
    last_seq bigint not null,
    failing_since timestamptz,
    paused_until timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (id, organization_id)
  ) with (fillfactor = 50)`,
  `create index webhook_endpoints_by_creation on webhook_endpoints (organization_id, created_at desc)
    where created_at > '-infinity'`,
  // Which endpoints are sent to at all.
  'create index webhook_endpoints_enabled on webhook_endpoints (organization_id) where is_enabled',
  // What is still to be sent, or was given up. What was delivered is gone from here. No foreign key: an endpoint is
  // removed at once, what it leaves behind by and by.
  `create table webhook_deliveries (
    organization_id text not null,
    endpoint_id text not null,
    seq bigint not null,
    lane text not null,
    is_pending boolean not null,
    is_queued boolean not null,
    attempts integer not null default 0,
    next_attempt_at timestamptz not null default now(),
    created_at timestamptz not null default now(),
    primary key (endpoint_id, organization_id, seq)
  ) with (fillfactor = 70)`,
  `create index webhook_deliveries_by_lane on webhook_deliveries (endpoint_id, lane, organization_id, seq)
    where is_pending`,
  'create index webhook_deliveries_due on webhook_deliveries (next_attempt_at) where is_pending',
  `create index webhook_deliveries_unqueued on webhook_deliveries (next_attempt_at)
    where is_pending and not is_queued`,
  'create index webhook_deliveries_by_age on webhook_deliveries (created_at)',
  `create table webhook_attempts (
    organization_id text not null,
    id text not null,
    endpoint_id text not null,
    seq bigint,
    event_type text not null,
    attempt integer not null,
    is_delivered boolean not null,
    status integer,
    duration_ms integer not null,
    error text,
    answer text,
    next_attempt_at timestamptz,
    created_at timestamptz not null default now(),
    primary key (id, organization_id)
  )`,
  'create index webhook_attempts_by_endpoint on webhook_attempts (endpoint_id, organization_id, id desc)',
  'create index webhook_attempts_by_age on webhook_attempts (created_at)',
]

const isOwnRow = "(select nullif(current_setting('hilo.organization_ids', true), '')::jsonb) ? organization_id"

const rights = [
  `grant select, insert, update, delete on ${tenantTables.join(', ')} to hilo_app`,
  'revoke update, delete on webhook_attempts from hilo_app',
  ...tenantTables.flatMap((table) => [
    `alter table ${table} enable row level security`,
    `create policy own_organization on ${table} to hilo_app using (${isOwnRow}) with check (${isOwnRow})`,
  ]),
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [...tables, ...rights]) await sql.raw(statement).execute(db)
}
