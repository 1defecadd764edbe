import { type Kysely, sql } from 'kysely'

const tenantTables = ['questions', 'turns', 'approvals', 'agent_spend']

/** Keys as in 0001: first what tells rows apart, the organization after it. */
const statements = [
  'alter table agents add column settings jsonb not null default \'{}\'',
  `alter table conversations add column ai_off_cause text
      check (ai_off_cause in ('switched_off', 'handed_off', 'human_message')),
    add column ai_off_reason text,
    add column ai_resumes_at timestamptz`,
  // A message of a customer that asks for an answer. Open until a turn has settled it.
  `create table questions (
    organization_id text not null,
    message_id text not null,
    conversation_id text not null,
    seq integer not null,
    agent_id text not null,
    api_key_id text not null,
    request jsonb not null,
    asked_at timestamptz not null default now(),
    turn_id text,
    settled_at timestamptz,
    primary key (message_id, organization_id),
    foreign key (organization_id, conversation_id) references conversations (organization_id, id)
  ) with (fillfactor = 70)`,
  'create index questions_open on questions (conversation_id, organization_id, seq) where settled_at is null',
  'create index questions_by_age on questions (asked_at) where settled_at is null',
  // An attempt of the AI to answer what is open in a conversation: never two at once.
  `create table turns (
    organization_id text not null,
    id text not null,
    conversation_id text not null,
    agent_id text not null,
    runner_id text not null,
    attempt integer not null,
    message_ids text[] not null,
    seen_seq integer not null,
    seen_message_ids text[] not null default '{}',
    model text,
    outcome text,
    error_code text,
    error_message text,
    prompt_tokens integer not null default 0,
    completion_tokens integer not null default 0,
    cost numeric not null default 0,
    tool_calls jsonb not null default '[]',
    answer_ids text[] not null default '{}',
    result jsonb,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    primary key (id, organization_id),
    foreign key (organization_id, conversation_id) references conversations (organization_id, id)
  ) with (fillfactor = 70)`,
  'create unique index turns_running on turns (conversation_id, organization_id) where finished_at is null',
  'create index turns_by_conversation on turns (conversation_id, organization_id, started_at desc, id desc)',
  'create index turns_by_runner on turns (runner_id) where finished_at is null',
  // A call of a tool that a person has to allow first.
  `create table approvals (
    organization_id text not null,
    id text not null,
    conversation_id text not null,
    turn_id text not null,
    agent_id text not null,
    tool text not null,
    payload jsonb not null,
    status text not null default 'pending' check (status in ('pending', 'running', 'approved', 'rejected')),
    decided_by text,
    reason text,
    result text,
    created_at timestamptz not null default now(),
    decided_at timestamptz,
    primary key (id, organization_id),
    foreign key (organization_id, conversation_id) references conversations (organization_id, id)
  )`,
  'create index approvals_by_conversation on approvals (conversation_id, organization_id, created_at desc)',
  `create index approvals_by_creation on approvals (organization_id, created_at desc, id desc)
    where created_at > '-infinity'`,
  // What an agent's models cost on one day (UTC), in US dollars.
  `create table agent_spend (
    organization_id text not null,
    agent_id text not null,
    day date not null,
    cost numeric not null,
    primary key (agent_id, organization_id, day)
  ) with (fillfactor = 70)`,
  // The processes that run turns: one that is not heard of any more has left its turns.
  `create table runners (
    id text primary key,
    alive_until timestamptz not null
  ) with (fillfactor = 50)`,
]

const isOwnRow = "(select nullif(current_setting('hilo.organization_ids', true), '')::jsonb) ? organization_id"

const rights = [
  `grant select, insert, update on ${tenantTables.join(', ')} to hilo_app`,
  ...tenantTables.flatMap((table) => [
    `alter table ${table} enable row level security`,
    `create policy own_organization on ${table} to hilo_app using (${isOwnRow}) with check (${isOwnRow})`,
  ]),
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [...statements, ...rights]) await sql.raw(statement).execute(db)
}
