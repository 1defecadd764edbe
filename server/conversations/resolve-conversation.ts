import { createId } from '../database/create-id.ts'
import { keyOf } from '../database/key-of.ts'
import { HiloError } from '../errors.ts'
import type { ConversationKey, NewMessage, Resolution, Warning } from '../messages/new-message.ts'
import { aiOn } from './ai-state.ts'
import { type ConversationSet, type ConversationState, findConversation, hasOwnIdShape } from './conversation-set.ts'

/** The decision about one message; nothing is changed by it yet. */
export interface ResolvedConversation {
  conversation: ConversationState
  decidedBy: Resolution['conversation']['decidedBy']
  /** Keys that do not lead to the conversation yet. */
  newKeys: ConversationKey[]
  warnings: Warning[]
}

/**
 * Decides which conversation a message belongs to: the first of its keys that names one, in the order of precedence;
 * a new one where none does.
 * @throws HiloError CONVERSATION_MISMATCH if two keys name different conversations.
 */
export function resolveConversation(set: ConversationSet, message: NewMessage): ResolvedConversation {
  const hits = message.keys.flatMap((key) => {
    const conversation = findConversation(set, message.organizationId, key)
    return conversation ? [{ key, conversation }] : []
  })
  const [first, second] = hits
  if (first && second && first.conversation !== second.conversation) throw createMismatch(first, second)
  const conversation = first?.conversation ?? openConversation(message)
  const newKeys = message.keys.filter((key) => !hits.some((hit) => hit.key === key))
  if (first) for (const key of newKeys) assertSameAddress(set, first, key)
  return {
    conversation,
    decidedBy: first?.key.field ?? message.keys[0]?.field ?? 'new',
    newKeys,
    warnings: describeAgents(message, conversation),
  }
}

interface Hit {
  key: ConversationKey
  conversation: ConversationState
}

function createMismatch(first: Hit, second: Hit): HiloError {
  return new HiloError(
    'CONVERSATION_MISMATCH',
    `${first.key.field} names conversation ${first.conversation.id}, but ${second.key.field} "${describeKey(second.key)}" ` +
      `names conversation ${second.conversation.id}. Nothing was recorded.`,
    { field: second.key.field, hint: `Send only ${first.key.field}, or the ids of one and the same conversation.` },
  )
}

/**
 * A conversation belongs to one address (one phone number, one chat): a second one is another customer's. Ids that a
 * caller made up are another matter: Chatwoot opens several conversations for one customer.
 */
function assertSameAddress(set: ConversationSet, hit: Hit, key: ConversationKey): void {
  if (key.kind === 'conversation_id') return
  const { organizationId, id } = hit.conversation
  const other = set.addresses.get(keyOf(organizationId, id))?.find((address) => address.kind === key.kind)
  if (!other) return
  throw new HiloError(
    'CONVERSATION_MISMATCH',
    `${hit.key.field} names conversation ${id}, which belongs to "${describeKey(other)}", but ${key.field} names ` +
      `"${describeKey(key)}". Nothing was recorded.`,
    { field: key.field, hint: `Send only ${key.field}, or the ${hit.key.field} of that customer.` },
  )
}

/** As a person knows it: of a WhatsApp key the address, without the agent in front. */
function describeKey({ kind, value }: Pick<ConversationKey, 'value'> & { kind: string }): string {
  return kind === 'whatsapp' ? value.slice(value.lastIndexOf('_') + 1) : value
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
