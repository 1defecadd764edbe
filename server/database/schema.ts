import type { AiOffCause, AuthorKind, ConversationStatus } from '@hilo/contract'
import type { ColumnType, GeneratedAlways, Kysely, Transaction as KyselyTransaction } from 'kysely'
import type { StoredSettings } from '../agents/agent-settings.ts'
import type {
  AgentSpendTable, ApprovalsTable, QuestionsTable, RunnersTable, TurnsTable,
} from './answer-tables.ts'
import type { DefaultedJson, DefaultedTimestamp, Json, Timestamp } from './column-types.ts'
import type { WebhookAttemptsTable, WebhookDeliveriesTable, WebhookEndpointsTable } from './webhook-tables.ts'

type DefaultedBoolean = ColumnType<boolean, boolean | undefined, boolean>

export type Metadata = Record<string, unknown>

export interface Attachment {
  url: string
  name?: string
  mimeType?: string
  size?: number
}

export interface OrganizationsTable {
  id: string
  name: string
  /** ISO 3166, two letters: national phone numbers are read as of this country. */
  default_country: string | null
  created_at: DefaultedTimestamp
  updated_at: DefaultedTimestamp
}

export interface EventSequencesTable {
  organization_id: string
  /** Number of the newest event: gapless and in commit order, because this row is locked until the commit. */
  last_seq: number
}

export interface ApiKeysTable {
  organization_id: string
  id: string
  name: string
  /** SHA-256 of the key, hex. */
  hash: string
  /** First characters of the key, to recognise it in a list. */
  prefix: string
  scopes: string[]
  expires_at: Timestamp | null
  revoked_at: Timestamp | null
  last_used_at: Timestamp | null
  created_at: DefaultedTimestamp
}

export interface AgentsTable {
  organization_id: string
  id: string
  name: string
  system_prompt: string | null
  metadata: DefaultedJson<Metadata>
  /** How it answers: what differs from the default. */
  settings: DefaultedJson<StoredSettings>
  created_at: DefaultedTimestamp
  updated_at: DefaultedTimestamp
}

export interface ContactsTable {
  organization_id: string
  id: string
  first_name: string | null
  last_name: string | null
  /** Both, in small letters and without accents: made by the database, for searching. */
  search_name: GeneratedAlways<string>
  metadata: DefaultedJson<Metadata>
  /** Set while this contact is merged into another: its identities and conversations are there now. */
  merged_into_id: string | null
  created_at: DefaultedTimestamp
  updated_at: DefaultedTimestamp
}

export interface ContactIdentitiesTable {
  organization_id: string
  /** `user_id`, `email`, `phone`, `whatsapp_user`, `lid`. */
  kind: string
  /** Canonical form: E.164 with plus for a phone, lower case for an e-mail address. */
  value: string
  contact_id: string
  /** The value as it was received. */
  raw: string
  /** Where it came from: a channel, or `api`. */
  origin: string
  /** Since when this contact has it: the oldest of a kind comes first, and a merge puts what it moves behind. */
  created_at: DefaultedTimestamp
}

export interface MergeProposalsTable {
  organization_id: string
  id: string
  /** The two contacts, the smaller id first. */
  contact_id: string
  other_contact_id: string
  /** What pointed at both of them. */
  reason: string
  created_at: DefaultedTimestamp
  /** Somebody decided that they are two customers; kept, so that it is not proposed again. */
  dismissed_at: Timestamp | null
}

export interface ContactMergesTable {
  organization_id: string
  id: string
  contact_id: string
  merged_contact_id: string
  /** Exactly what the merge moved and filled in, for the way back. */
  moved: Json<unknown>
  created_at: DefaultedTimestamp
  undone_at: Timestamp | null
}

export interface ConversationsTable {
  organization_id: string
  id: string
  agent_id: string
  channel: string
  contact_id: string | null
  visitor_id: string
  status: ConversationStatus
  /** Whether the AI answers, but for `ai_resumes_at`. */
  is_ai_enabled: DefaultedBoolean
  /** Why the AI is off. */
  ai_off_cause: AiOffCause | null
  /** In the words of whoever switched it off. */
  ai_off_reason: string | null
  /** From then on the AI answers again. */
  ai_resumes_at: Timestamp | null
  /** `seq` of the newest message. */
  last_seq: number
  metadata: DefaultedJson<Metadata>
  created_at: DefaultedTimestamp
  /** Last change or message. */
  updated_at: DefaultedTimestamp
}

export interface ConversationKeysTable {
  organization_id: string
  /** `whatsapp`, `channel_external_id`, `conversation_id`. */
  kind: string
  value: string
  conversation_id: string
  created_at: DefaultedTimestamp
}

export interface MessagesTable {
  organization_id: string
  conversation_id: string
  /** 1, 2, 3… within the conversation, in the order of recording. */
  seq: number
  id: string
  agent_id: string
  author_kind: AuthorKind
  author_name: string | null
  author_id: string | null
  text: string
  attachments: Json<Attachment[]>
  channel: string
  source: string
  external_id: string | null
  is_draft: boolean
  /** Delivery: `received` from a contact, `recorded` from an agent, later `sent`, `delivered`, `read`, `failed`. */
  status: string
  visitor_id: string
  /** Status of the conversation when this was recorded: a repeat gets the first answer again. */
  conversation_status: ConversationStatus
  metadata: Json<Metadata>
  occurred_at: Timestamp
  received_at: Timestamp
  recorded_at: Timestamp
}

/** Addresses that an event is sent to because somebody asked for an answer there. */
export interface Callback {
  /** The agent that answers: its endpoint sends it. */
  agentId: string
  urls: string[]
}

export interface EventsTable {
  organization_id: string
  seq: number
  type: string
  conversation_id: string | null
  message_id: string | null
  contact_id: string | null
  data: Json<Metadata>
  /** The API key that caused it; `null` where none did. */
  api_key_id: string | null
  /** Where it goes besides the webhook endpoints. */
  callback: Json<Callback> | null
  created_at: DefaultedTimestamp
}

export interface IdempotencyKeysTable {
  organization_id: string
  key: string
  /** SHA-256 of the request, hex. */
  request_hash: string
  response: Json<unknown>
  created_at: DefaultedTimestamp
}

export interface AuditLogTable {
  organization_id: string
  id: string
  /** Id of the API key, or `cli`, or `first start`. */
  actor: string
  action: string
  subject: string
  details: Json<Metadata>
  created_at: DefaultedTimestamp
}

export interface Schema {
  organizations: OrganizationsTable
  event_sequences: EventSequencesTable
  api_keys: ApiKeysTable
  agents: AgentsTable
  contacts: ContactsTable
  contact_identities: ContactIdentitiesTable
  merge_proposals: MergeProposalsTable
  contact_merges: ContactMergesTable
  conversations: ConversationsTable
  conversation_keys: ConversationKeysTable
  messages: MessagesTable
  events: EventsTable
  idempotency_keys: IdempotencyKeysTable
  audit_log: AuditLogTable
  webhook_endpoints: WebhookEndpointsTable
  webhook_deliveries: WebhookDeliveriesTable
  webhook_attempts: WebhookAttemptsTable
  questions: QuestionsTable
  turns: TurnsTable
  approvals: ApprovalsTable
  agent_spend: AgentSpendTable
  runners: RunnersTable
}

export type Database = Kysely<Schema>
export type Transaction = KyselyTransaction<Schema>
