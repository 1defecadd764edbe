import { type RawBuilder, sql } from 'kysely'
import { keyOf } from '../database/key-of.ts'
import { type Statement, statement } from '../database/statements.ts'
import { wantedRows } from '../database/wanted-rows.ts'
import type { NewMessage } from '../messages/new-message.ts'
import {
  addAddress, type AddressKey, type ConversationSet, type ConversationState, createConversationSet, hasOwnIdShape,
} from './conversation-set.ts'

/**
 * Every conversation that these messages may reach. With `lock`, no other transaction can append to them until this one
 * ends; they are locked in the order of their ids, so that two batches never wait for each other.
 */
export function readConversations(
  incoming: readonly NewMessage[], { lock }: { lock: boolean },
): Statement<ConversationSet> {
  const wanted = collectKeys(incoming)
  return statement(wanted.length === 0 ? undefined : selectStates(wanted, lock), (rows) => {
    const set = createConversationSet()
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
  return incoming.flatMap(({ organizationId, keys, pairedKeys }) => (
    [...keys, ...pairedKeys].map(({ kind, value }) => ({ organization_id: organizationId, kind, value }))
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

/** Several things name the conversation: it may be another customer's. */
function mayMeetAnother({ keys, pairedKeys, visitorAddress }: NewMessage): boolean {
  return keys.length > 1 || pairedKeys.length > 0 || visitorAddress !== undefined
}

/** The addresses of the conversations of a set, where a message may add one, or may be another customer's. */
export function readAddresses(incoming: readonly NewMessage[], set: ConversationSet): Statement<void> {
  const ids = incoming.every((message) => !mayMeetAnother(message))
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
