import { type Kysely, sql } from 'kysely'

/** Tables whose rows belong to one organization, named by `organization_id`. */
const tenantTables = [
  'event_sequences', 'api_keys', 'agents', 'contacts', 'contact_identities', 'merge_proposals', 'contact_merges',
  'conversations', 'conversation_keys', 'messages', 'events', 'idempotency_keys', 'audit_log',
]

/**
 * Keys begin with the column that tells rows apart and end with `organization_id`. The other way round the planner can
 * take any of them for any look-up and read an organization for one row; while tables were young, it did. An index
 * that lists an organization's rows begins with it, and holds a condition that only lists state (`is-listed.ts`).
 */
const tables = [
  `create table organizations (
    id text primary key,
    name text not null,
    default_country text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  )`,
  `create table event_sequences (
    organization_id text primary key references organizations,
    last_seq bigint not null default 0
  ) with (fillfactor = 50)`,
  `create table api_keys (
    organization_id text not null references organizations,
    id text not null,
    name text not null,
    hash text not null unique,
    prefix text not null,
    scopes text[] not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    created_at timestamptz not null default now(),
    primary key (id, organization_id)
  )`,
  `create index api_keys_by_creation on api_keys (organization_id, created_at desc)
    where created_at > '-infinity'`,
  `create table agents (
    organization_id text not null references organizations,
    id text not null,
    name text not null,
    system_prompt text,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (id, organization_id)
  )`,
  `create index agents_by_creation on agents (organization_id, created_at desc)
    where created_at > '-infinity'`,
  `create table contacts (
    organization_id text not null references organizations,
    id text not null,
    first_name text,
    last_name text,
    metadata jsonb not null default '{}',
    merged_into_id text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (id, organization_id),
    foreign key (organization_id, merged_into_id) references contacts (organization_id, id)
  )`,
  `create index contacts_by_update on contacts (organization_id, updated_at desc)
    where merged_into_id is null and updated_at > '-infinity'`,
  `create table contact_identities (
    organization_id text not null,
    kind text not null,
    value text not null,
    contact_id text not null,
    raw text not null,
    origin text not null,
    created_at timestamptz not null default now(),
    primary key (value, kind, organization_id),
    foreign key (organization_id, contact_id) references contacts (organization_id, id)
  )`,
  'create index contact_identities_by_contact on contact_identities (contact_id, organization_id)',
  `create table merge_proposals (
    organization_id text not null,
    id text not null,
    contact_id text not null,
    other_contact_id text not null,
    reason text not null,
    created_at timestamptz not null default now(),
    dismissed_at timestamptz,
    primary key (id, organization_id),
    unique (contact_id, other_contact_id, organization_id),
    foreign key (organization_id, contact_id) references contacts (organization_id, id),
    foreign key (organization_id, other_contact_id) references contacts (organization_id, id)
  )`,
  `create index merge_proposals_open on merge_proposals (organization_id, id desc)
    where dismissed_at is null and created_at > '-infinity'`,
  `create table contact_merges (
    organization_id text not null,
    id text not null,
    contact_id text not null,
    merged_contact_id text not null,
    moved jsonb not null,
    created_at timestamptz not null default now(),
    undone_at timestamptz,
    primary key (id, organization_id),
    foreign key (organization_id, contact_id) references contacts (organization_id, id),
    foreign key (organization_id, merged_contact_id) references contacts (organization_id, id)
  )`,
  `create unique index contact_merges_of_merged on contact_merges (merged_contact_id, organization_id)
    where undone_at is null`,
  'create index contact_merges_by_contact on contact_merges (contact_id, organization_id) where undone_at is null',
  `create table conversations (
    organization_id text not null,
    id text not null,
    agent_id text not null,
    channel text not null,
    contact_id text,
    visitor_id text not null,
    status text not null check (status in ('UNRESOLVED', 'RESOLVED', 'HUMAN_REQUESTED')),
    is_ai_enabled boolean not null default true,
    last_seq integer not null default 0,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (id, organization_id),
    foreign key (organization_id, agent_id) references agents (organization_id, id),
    foreign key (organization_id, contact_id) references contacts (organization_id, id)
  ) with (fillfactor = 80)`,
  `create index conversations_by_update on conversations (organization_id, updated_at desc)
    where updated_at > '-infinity'`,
  // What waits for a human is what an inbox asks for first, among all that waits for nobody.
  `create index conversations_for_humans on conversations (organization_id, updated_at desc)
    where status = 'HUMAN_REQUESTED' and updated_at > '-infinity'`,
  `create index conversations_by_contact on conversations (contact_id, organization_id)
    where contact_id is not null`,
  `create table conversation_keys (
    organization_id text not null,
    kind text not null,
    value text not null,
    conversation_id text not null,
    created_at timestamptz not null default now(),
    primary key (value, kind, organization_id),
    foreign key (organization_id, conversation_id) references conversations (organization_id, id)
  )`,
  'create index conversation_keys_by_conversation on conversation_keys (conversation_id, organization_id)',
  `create table messages (
    organization_id text not null,
    conversation_id text not null,
    seq integer not null,
    id text not null,
    agent_id text not null,
    author_kind text not null check (author_kind in ('contact', 'human', 'ai', 'system', 'agent')),
    author_name text,
    author_id text,
    text text not null,
    attachments jsonb not null,
    channel text not null,
    source text not null,
    external_id text,
    is_draft boolean not null,
    status text not null,
    visitor_id text not null,
    conversation_status text not null,
    metadata jsonb not null,
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    recorded_at timestamptz not null,
    primary key (conversation_id, organization_id, seq),
    unique (id, organization_id),
    foreign key (organization_id, conversation_id) references conversations (organization_id, id)
  )`,
  `create unique index messages_external_id on messages (external_id, source, organization_id)
    where external_id is not null`,
  `create index messages_by_time on messages (conversation_id, organization_id, occurred_at, seq)
    where occurred_at > '-infinity'`,
  // Without a foreign key: a number comes from the organization's counter only, and the check would run for every row.
  `create table events (
    organization_id text not null,
    seq bigint not null,
    type text not null,
    conversation_id text,
    message_id text,
    contact_id text,
    data jsonb not null,
    created_at timestamptz not null default now(),
    primary key (organization_id, seq)
  )`,
  `create table idempotency_keys (
    organization_id text not null references organizations,
    key text not null,
    request_hash text not null,
    response jsonb not null,
    created_at timestamptz not null default now(),
    primary key (key, organization_id)
  )`,
  'create index idempotency_keys_by_age on idempotency_keys (created_at)',
  `create table audit_log (
    organization_id text not null references organizations,
    id text not null,
    actor text not null,
    action text not null,
    subject text not null,
    details jsonb not null,
    created_at timestamptz not null default now(),
    primary key (id, organization_id)
  )`,
  `create index audit_log_by_creation on audit_log (organization_id, created_at desc)
    where created_at > '-infinity'`,
]

/**
 * The role that serves requests. It owns nothing, so the policies bind it; only the role that connects owns the
 * tables. A role belongs to the whole PostgreSQL server: another Hilo there may have made it already.
 */
const role = [
  `do $$ begin
    if not exists (select from pg_roles where rolname = 'hilo_app') then
      create role hilo_app nologin nosuperuser nobypassrls;
    end if;
  exception when duplicate_object or unique_violation then null; -- another Hilo was faster
  end $$`,
  // Asking first, since whoever was granted the role need not be one who may grant it. PostgreSQL 15 has no "set".
  `do $$ declare
    privilege text := case when current_setting('server_version_num')::int < 160000 then 'member' else 'set' end;
  begin
    if not pg_has_role(current_user, 'hilo_app', privilege) then
      execute format('grant hilo_app to %I', current_user);
    end if;
  end $$`,
  'do $$ begin execute format(\'grant usage on schema %I to hilo_app\', current_schema()); end $$',
  `grant select, insert, update, delete on ${tenantTables.join(', ')} to hilo_app`,
  'revoke update, delete on audit_log, events from hilo_app',
  'grant select, update on organizations to hilo_app',
]

/**
 * The sub-select makes PostgreSQL read the list once per statement, not once per row. A JSON object, as its keys are
 * found by binary search; and no `= any (list)`, which the planner would take for a condition of the index: then the
 * list is sorted anew for every row that is looked up. An empty text is what a past transaction leaves of the setting.
 */
const isOwnRow = (column: string): string =>
  `(select nullif(current_setting('hilo.organization_ids', true), '')::jsonb) ? ${column}`

const policies = [
  ...tenantTables.map((table) => [table, 'organization_id']), ['organizations', 'id'],
].flatMap(([table, column]) => [
  `alter table ${table} enable row level security`,
  `create policy own_organization on ${table} to hilo_app using (${isOwnRow(column!)}) with check (${isOwnRow(column!)})`,
])

/** Whose key is this? The one question asked before the organization is known, so it runs with the owner's rights. */
const functions = [
  `create function find_api_key(wanted text) returns table (
    organization_id text, id text, scopes text[], expires_at timestamptz, revoked_at timestamptz, default_country text
  ) language sql stable security definer set search_path from current as $$
    select k.organization_id, k.id, k.scopes, k.expires_at, k.revoked_at, o.default_country
    from api_keys k join organizations o on o.id = k.organization_id
    where k.hash = wanted
  $$`,
  'revoke execute on function find_api_key(text) from public',
  'grant execute on function find_api_key(text) to hilo_app',
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [...tables, ...role, ...policies, ...functions]) await sql.raw(statement).execute(db)
}
