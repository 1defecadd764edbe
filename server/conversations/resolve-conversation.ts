import { phonesDiffer } from '../contacts/phones-differ.ts'
import { createId } from '../database/create-id.ts'
import { HiloError } from '../errors.ts'
import type { ConversationKey, NewIdentity, NewMessage, Resolution, Warning } from '../messages/new-message.ts'
import { aiOn } from './ai-state.ts'
import { addressOf, formOfAddress } from './conversation-key.ts'
import {
  type ConversationSet, type ConversationState, findConversation, hasOwnIdShape, listAddresses,
} from './conversation-set.ts'
import { findPaired, type Hit, isShownWith, joinPairs } from './paired-keys.ts'

/** The decision about one message; nothing is changed by it yet. */
export interface ResolvedConversation {
  conversation: ConversationState
  decidedBy: Resolution['conversation']['decidedBy']
  /** Keys that do not lead to the conversation yet. */
  newKeys: ConversationKey[]
  /** Fields with an address that is not the conversation's. */
  refused: ConversationKey['field'][]
  warnings: Warning[]
}

/**
 * Decides which conversation a message belongs to: the first of its keys that names one, in the order of precedence;
 * where none does, one that another address of the customer names; else a new one.
 * @throws HiloError CONVERSATION_MISMATCH if two keys name different conversations, or one that is another customer's.
 */
export function resolveConversation(set: ConversationSet, message: NewMessage): ResolvedConversation {
  const hits = message.keys.flatMap((key) => {
    const conversation = findConversation(set, message.organizationId, key)
    return conversation ? [{ key, conversation }] : []
  })
  const [first, second] = hits
  if (first && second && first.conversation !== second.conversation) throw createMismatch(first, second)
  const newKeys = message.keys.filter((key) => !hits.some((hit) => hit.key === key))
  if (first) for (const key of newKeys) assertSameAddress(set, first, { key, message })
  if (first && message.visitorAddress) assertSameVisitor(set, first, message.visitorAddress)
  const decisive = first ?? findPaired(set, message)
  const conversation = decisive?.conversation ?? openConversation(message)
  const pairs = joinPairs(set, message, conversation)
  return {
    conversation,
    decidedBy: decisive?.key.field ?? message.keys[0]?.field ?? 'new',
    newKeys: [...newKeys, ...pairs.newKeys],
    refused: pairs.refused,
    warnings: [...describeAgents(message, conversation), ...pairs.warnings],
  }
}

function createMismatch(first: Hit, second: Hit): HiloError {
  return new HiloError(
    'CONVERSATION_MISMATCH',
    `${first.key.field} names conversation ${first.conversation.id}, but ${second.key.field} "${addressOf(second.key)}" ` +
      `names conversation ${second.conversation.id}. Nothing was recorded.`,
    { field: second.key.field, hint: `Send only ${first.key.field}, or the ids of one and the same conversation.` },
  )
}

/**
 * A conversation belongs to one address (one phone number, one chat): a second one is another customer's. Ids that a
 * caller made up are another matter: Chatwoot opens several conversations for one customer.
 */
function assertSameAddress(
  set: ConversationSet, hit: Hit, { key, message }: { key: ConversationKey, message: NewMessage },
): void {
  if (key.kind === 'conversation_id' || isShownWith(set, message, { ...hit, key })) return
  const [other] = nameAddresses(set, hit, key.kind)
  if (other !== undefined) throw createOtherAddress(hit, other, { field: key.field, address: addressOf(key) })
}

/** The same for the visitor's phone, where ids name the conversation: an outdated id must not decide in silence. */
function assertSameVisitor(set: ConversationSet, hit: Hit, visitor: NewIdentity): void {
  const other = nameAddresses(set, hit, 'whatsapp').find((address) => formOfAddress(address) === 'phone')
  if (other === undefined || !phonesDiffer(visitor, { kind: 'phone', value: other })) return
  throw createOtherAddress(hit, other, { field: visitor.field, address: visitor.value })
}

/** What the conversation is bound to, as a person knows it: a phone first. */
function nameAddresses(set: ConversationSet, { conversation }: Hit, kind: string): string[] {
  return listAddresses(set, conversation, kind).map(addressOf).sort()
}

function createOtherAddress(
  hit: Hit, bound: string, { field, address }: { field: string, address: string },
): HiloError {
  return new HiloError(
    'CONVERSATION_MISMATCH',
    `${hit.key.field} names conversation ${hit.conversation.id}, which belongs to "${bound}", but ${field} names ` +
      `"${address}". Nothing was recorded.`,
    { field, hint: `Send only ${field}, or the ${hit.key.field} of that customer.` },
  )
}

function openConversation(message: NewMessage): ConversationState {
  const { organizationId, keys, visitorId } = message
  const whatsapp = keys.find((key) => key.kind === 'whatsapp')
  const ownId = keys.find((key) => key.kind === 'conversation_id' && hasOwnIdShape(key.value))
  return {
    organizationId,
    id: ownId?.value ?? createId(),
    agentId: whatsapp?.agentId ?? message.agentId,
    channel: whatsapp ? 'whatsapp' : message.channel,
    contactId: null,
    visitorId: visitorId ?? createId(),
    status: 'UNRESOLVED',
    ...aiOn,
    lastSeq: 0,
    newestSeq: { contact: 0, human: 0 },
    isNew: true,
  }
}

function describeAgents(message: NewMessage, conversation: ConversationState): Warning[] {
  if (conversation.agentId === message.agentId) return []
  return [{
    code: 'AGENT_DIFFERS',
    message: `The conversation belongs to agent ${conversation.agentId}; agent ${message.agentId} of the path is ` +
      'recorded as the author.',
  }]
}
