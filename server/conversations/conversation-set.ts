import type { ConversationStatus } from '@hilo/contract'
import { keyOf } from '../database/key-of.ts'
import type { ConversationKey } from '../messages/new-message.ts'
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

export interface AddressKey {
  kind: string
  value: string
}

export function createConversationSet(): ConversationSet {
  return { byId: new Map(), byKey: new Map(), addresses: new Map(), changed: new Set(), addedKeys: [] }
}

/** Shape of the ids that Hilo gives out; a caller may bring such an id of its own for a new conversation. */
const ownIdShape = /^c[0-9a-z]{24}$/

export function hasOwnIdShape(id: string): boolean {
  return ownIdShape.test(id)
}

export function addAddress(set: ConversationSet, conversation: string, address: AddressKey): void {
  const known = set.addresses.get(conversation)
  if (known) known.push(address)
  else set.addresses.set(conversation, [address])
}

/** What a conversation is bound to, of this kind of key. */
export function listAddresses(
  { addresses }: ConversationSet, { organizationId, id }: ConversationState, kind: string,
): AddressKey[] {
  return (addresses.get(keyOf(organizationId, id)) ?? []).filter((address) => address.kind === kind)
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
