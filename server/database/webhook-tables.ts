import type { EventType } from '@hilo/contract'
import type { ColumnType } from 'kysely'
import type { DefaultedTimestamp, Timestamp } from './column-types.ts'

/** `events`: it hears what happens; `answers`: it sends an agent's answers to the addresses that asked for them. */
export type EndpointKind = 'events' | 'answers'

export interface WebhookEndpointsTable {
  organization_id: string
  id: string
  kind: ColumnType<EndpointKind, EndpointKind | undefined, never>
  /** `null`: each delivery has its own. */
  url: string | null
  description: string | null
  /** `null`: all. */
  event_types: EventType[] | null
  agent_id: string | null
  channel: string | null
  is_ordered: boolean
  ignore_own: boolean
  own_api_key_id: string
  is_enabled: boolean
  /** Why Hilo disabled it. */
  disabled_reason: string | null
  /** Encrypted, as is the old one. */
  secret: string
  old_secret: string | null
  old_secret_until: Timestamp | null
  /** Newest event that was made into deliveries, or left out. */
  last_seq: number
  /** First failed attempt since the last that was accepted. */
  failing_since: Timestamp | null
  /** The receiver asked (Retry-After) to be left alone until then. */
  paused_until: Timestamp | null
  created_at: DefaultedTimestamp
  updated_at: DefaultedTimestamp
}

/** An event that is still to be sent to an endpoint, or was given up; gone once it is delivered. */
export interface WebhookDeliveriesTable {
  organization_id: string
  endpoint_id: string
  seq: number
  /**
   * Deliveries of one lane go one after the other: the conversation's id, and with it the address of answers; each its
   * own where order is not wanted.
   */
  lane: string
  /** Instead of the endpoint's. */
  url: ColumnType<string | null, string | null | undefined, never>
  /** `false`: given up. */
  is_pending: boolean
  /** Whether a job was made for its lane. */
  is_queued: boolean
  /** Attempts that failed. */
  attempts: number
  next_attempt_at: DefaultedTimestamp
  created_at: DefaultedTimestamp
}

export interface WebhookAttemptsTable {
  organization_id: string
  id: string
  endpoint_id: string
  /** `null`: a test. */
  seq: number | null
  /** Where it was sent to. */
  url: string | null
  event_type: string
  attempt: number
  is_delivered: boolean
  status: number | null
  duration_ms: number
  error: string | null
  answer: string | null
  next_attempt_at: Timestamp | null
  created_at: DefaultedTimestamp
}
