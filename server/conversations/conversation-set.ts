import type { ConversationStatus } from '@hilo/contract'
import { type RawBuilder, sql } from 'kysely'
import { inOrder } from '../database/in-order.ts'
import { insertInto, type Write } from '../database/write-rows.ts'
import { keyOf } from '../database/key-of.ts'
import { type Statement, statement } from '../database/statements.ts'
import { wantedRows } from '../database/wanted-rows.ts'
import type { ConversationKey, NewMessage } from '../messages/new-message.ts'
import type { AiState } from './ai-state.ts'

/** A conversation as the decisions of a batch see and change it. */
export interface ConversationState extends AiState {
  organizationId: string
  id: string
  agentId: string
  channel: string
  contactId: string | null
  visitorId: string
  status: ConversationStatus
  lastSeq: number
  /** Newest messages of customer and human colleagues; of conversations that an answer is for, and within a batch. */
  newestSeq: { contact: number, human: number }
  isNew: boolean
}

/** The conversations that a batch of messages may reach, and what the batch changes of them. */
export interface ConversationSet {
  byId: Map<string, ConversationState>
  byKey: Map<string, ConversationState>
  /** Addresses of the conversations for which this matters: which outside place each one is bound to. */
  addresses: Map<string, AddressKey[]>
  changed: Set<ConversationState>
  addedKeys: { organization_id: string, kind: string, value: string, conversation_id: string }[]
}

interface AddressKey {
  kind: string
  value: string
}

/** Shape of the ids that Hilo gives out; a caller may bring such an id of its own for a new conversation. */
const ownIdShape = /^c[0-9a-z]{24}$/

export function hasOwnIdShape(id: string): boolean {
  return ownIdShape.test(id)
}

/**
 * Every conversation that these messages may reach. With `lock`, no other transaction can append to them until this one
 * ends; they are locked in the order of their ids, so that two batches never wait for each other.
 */
export function readConversations(
  incoming: readonly NewMessage[], { lock }: { lock: boolean },
): Statement<ConversationSet> {
  const wanted = collectKeys(incoming)
  return statement(wanted.length === 0 ? undefined : selectStates(wanted, lock), (rows) => {
    const set: ConversationSet = {
      byId: new Map(), byKey: new Map(), addresses: new Map(), changed: new Set(), addedKeys: [],
    }
    for (const { keys, ...row } of rows) {
      const state: ConversationState = { ...row, newestSeq: { contact: 0, human: 0 } }
      set.byId.set(keyOf(state.organizationId, state.id), state)
      for (const { kind, value } of keys) set.byKey.set(keyOf(state.organizationId, kind, value), state)
    }
    return set
  })
}

interface WantedKey {
  organization_id: string
  kind: string
  value: string
}

function collectKeys(incoming: readonly NewMessage[]): WantedKey[] {
  return incoming.flatMap(({ organizationId, keys }) => (
    keys.map(({ kind, value }) => ({ organization_id: organizationId, kind, value }))
  ))
}

const stateColumns = sql`
  c.organization_id as "organizationId", c.id, c.agent_id as "agentId", c.channel, c.contact_id as "contactId",
  c.visitor_id as "visitorId", c.status, c.last_seq as "lastSeq", c.is_ai_enabled, c.ai_off_cause, c.ai_off_reason,
  c.ai_resumes_at, false as "isNew"
`

type StateRow = Omit<ConversationState, 'newestSeq'> & { keys: AddressKey[] }

/** The conversations that keys lead to or whose own id they are, each once with the keys that lead there. */
function selectStates(wanted: WantedKey[], lock: boolean): RawBuilder<StateRow> {
  const ownIds = wanted.filter((key) => key.kind === 'conversation_id' && hasOwnIdShape(key.value))
  return sql<StateRow>`
    with reached as (
      select w.organization_id, k.conversation_id, w.kind, w.value
      from ${wantedRows(['organization_id', 'kind', 'value'], wanted)}
      cross join lateral (
        select k.conversation_id from conversation_keys k
        where k.organization_id = w.organization_id and k.kind = w.kind and k.value = w.value offset 0
      ) k
      union all
      select w.organization_id, w.value, null, null from ${wantedRows(['organization_id', 'value'], ownIds)}
    ), found as materialized (
      select organization_id, conversation_id,
        json_agg(json_build_object('kind', kind, 'value', value)) filter (where kind is not null) as keys
      from reached group by organization_id, conversation_id order by organization_id, conversation_id
    )
    select coalesce(found.keys, '[]') as keys, ${stateColumns} from found
    cross join lateral (
      select c.* from conversations c
      where c.organization_id = found.organization_id and c.id = found.conversation_id ${lockOrNot(lock)}
    ) c
  `
}

const lockOrNot = (lock: boolean) => (lock ? sql`for no key update` : sql`offset 0`)

/** The addresses of the conversations of a set, where a message may add one, or may be another customer's. */
export function readAddresses(incoming: readonly NewMessage[], set: ConversationSet): Statement<void> {
  const ids = incoming.every((message) => message.keys.length < 2 && !message.visitorPhone)
    ? [] : [...set.byId.values()].map((state) => ({ organization_id: state.organizationId, id: state.id }))
  return statement(ids.length === 0 ? undefined : sql<{ organization_id: string, conversation_id: string } & AddressKey>`
    select w.organization_id, w.id as conversation_id, k.kind, k.value
    from ${wantedRows(['organization_id', 'id'], ids)}
    cross join lateral (
      select k.kind, k.value from conversation_keys k
      where k.organization_id = w.organization_id and k.conversation_id = w.id and k.kind <> 'conversation_id' offset 0
    ) k
  `, (rows) => {
    for (const { organization_id, conversation_id, kind, value } of rows) {
      addAddress(set, keyOf(organization_id, conversation_id), { kind, value })
    }
  })
}

function addAddress(set: ConversationSet, conversation: string, address: AddressKey): void {
  const known = set.addresses.get(conversation)
  if (known) known.push(address)
  else set.addresses.set(conversation, [address])
}

/** The conversation that a key names, if there is one. */
export function findConversation(
  set: ConversationSet, organizationId: string, { kind, value }: ConversationKey,
): ConversationState | undefined {
  return (kind === 'conversation_id' ? set.byId.get(keyOf(organizationId, value)) : undefined)
    ?? set.byKey.get(keyOf(organizationId, kind, value))
}

/** Makes a conversation reachable by a key, for the rest of this batch and after it. */
export function attachKey(set: ConversationSet, state: ConversationState, { kind, value }: ConversationKey): void {
  if (kind === 'conversation_id' && value === state.id) return
  set.byKey.set(keyOf(state.organizationId, kind, value), state)
  if (kind !== 'conversation_id') addAddress(set, keyOf(state.organizationId, state.id), { kind, value })
  set.addedKeys.push({ organization_id: state.organizationId, kind, value, conversation_id: state.id })
}

const columns = [
  'organization_id', 'id', 'agent_id', 'channel', 'contact_id', 'visitor_id', 'status', 'is_ai_enabled',
  'ai_off_cause', 'ai_off_reason', 'ai_resumes_at', 'last_seq', 'created_at', 'updated_at',
] as const

/**
 * What the batch opened and changed. Rows that exist are locked and were read under the lock, so their new values can
 * simply be set; the conflict is what finds them by their key.
 */
export function insertConversations(set: ConversationSet): Write[] {
  const now = new Date().toISOString()
  const rows = inOrder(['organization_id', 'id'], [...set.changed].map((state) => ({
    organization_id: state.organizationId, id: state.id, agent_id: state.agentId, channel: state.channel,
    contact_id: state.contactId, visitor_id: state.visitorId, status: state.status, last_seq: state.lastSeq,
    is_ai_enabled: state.is_ai_enabled, ai_off_cause: state.ai_off_cause, ai_off_reason: state.ai_off_reason,
    ai_resumes_at: state.ai_resumes_at,
    created_at: now, updated_at: now, isNew: state.isNew,
  })))
  return [
    insertInto('conversations', { columns, rows: rows.filter((row) => row.isNew) }),
    insertInto('conversations', {
      columns, rows: rows.filter((row) => !row.isNew), onConflict: sql`(organization_id, id) do update set
        last_seq = excluded.last_seq, contact_id = excluded.contact_id, updated_at = excluded.updated_at,
        status = excluded.status, is_ai_enabled = excluded.is_ai_enabled, ai_off_cause = excluded.ai_off_cause,
        ai_off_reason = excluded.ai_off_reason, ai_resumes_at = excluded.ai_resumes_at`,
    }),
    insertInto('conversation_keys', {
      columns: ['organization_id', 'kind', 'value', 'conversation_id'],
      rows: inOrder(['organization_id', 'kind', 'value'], set.addedKeys),
    }),
  ]
}
