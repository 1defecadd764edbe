import type { Takeovers } from '../agents/takeovers.ts'
import type { OfferedQuestion } from '../answers/begin-turns.ts'
import type { QuestionRow } from '../answers/claimed-turn.ts'
import { carryOut, describeEnd } from '../answers/end-turn.ts'
import type { Question } from '../answers/question.ts'
import { nameSome } from '../answers/write-turn-ends.ts'
import type { TurnAnswer, TurnEnd } from '../answers/turn-answer.ts'
import type { AssociatedContact } from '../contacts/associate-contact.ts'
import { addContact, attachIdentity, type ContactSet, linkContact, proposeMerge } from '../contacts/contact-set.ts'
import { isAiOn } from '../conversations/ai-state.ts'
import { attachKey, type ConversationSet, type ConversationState } from '../conversations/conversation-set.ts'
import { followMessage, isHistory } from '../conversations/follow-message.ts'
import type { ResolvedConversation } from '../conversations/resolve-conversation.ts'
import { createId } from '../database/create-id.ts'
import { inOrder } from '../database/in-order.ts'
import { insertInto, type Write } from '../database/write-rows.ts'
import { keyOf } from '../database/key-of.ts'
import type { NewEvent } from '../events/record-events.ts'
import type { NewIdentity, NewMessage, Recorded } from './new-message.ts'
import { isPrivateNote } from './private-note.ts'

/** What a batch will write, besides the conversations and contacts it changes. */
export interface Journal {
  conversations: ConversationSet
  contacts: ContactSet
  messages: MessageRow[]
  questions: QuestionRow[]
  offered: OfferedQuestion[]
  turnEnds: TurnEnd[]
  events: NewEvent[]
  /** Of the agents in whose conversations humans write. */
  takeovers: Takeovers
}

/** A row of the table `messages`; named are the columns that tell repeats. */
interface MessageRow {
  organization_id: string
  source: string
  external_id?: string
  [column: string]: unknown
}

/** The decisions about one message. */
export interface Decisions {
  resolved: ResolvedConversation
  associated: AssociatedContact
}

/** Carries the decisions about a message out within the batch: what follows in it sees them. */
export function appendMessage(journal: Journal, message: NewMessage, decisions: Decisions): Recorded {
  const { conversation } = decisions.resolved
  applyContact(journal, message, decisions)
  applyConversation(journal, message, decisions)
  conversation.lastSeq += 1
  const consequences = message.isDraft || isPrivateNote(message.metadata) ? [] : follow(journal, message, conversation)
  const recorded: Recorded = {
    messageId: createId(),
    conversationId: conversation.id,
    visitorId: message.visitorId ?? conversation.visitorId,
    status: conversation.status,
  }
  journal.messages.push(toRow(message, recorded, { conversation, contactId: decisions.associated.contact?.id }))
  if (message.question) ask(journal, message, { question: message.question, recorded, conversation })
  if (!message.isDraft) {
    journal.events.push({
      organizationId: message.organizationId, type: 'message.created', conversationId: conversation.id,
      messageId: recorded.messageId, apiKeyId: message.apiKeyId, ...(message.answers && describePart(message.answers)),
    })
  }
  journal.events.push(...consequences)
  return recorded
}

/** Appends the answer of a turn, in as many messages as it has parts, and with it all that the turn decided. */
export function appendAnswer(
  journal: Journal, message: NewMessage & { answers: TurnAnswer }, decisions: Decisions,
): Recorded {
  const { conversation } = decisions.resolved
  const parts = [message.text, ...message.answers.moreParts].map((text, index) => {
    const answers = { ...message.answers, part: index + 1 }
    return { text, recorded: appendMessage(journal, { ...message, text, answers }, decisions) }
  })
  const { apiKeyId } = message
  journal.events.push(...carryOut(message.answers.decided, conversation).map((event) => ({ ...event, apiKeyId })))
  const end = describeEnd(message.answers, parts, conversation)
  journal.turnEnds.push(end)
  return { ...parts[0]!.recorded, status: end.result.status }
}

/** What an answer's event says besides the message: what it answers, and where that was asked for. */
function describePart({ work, part, moreParts }: TurnAnswer): Pick<NewEvent, 'callback' | 'data'> {
  const { id, agentId, callback } = work
  return { callback, data: { turn: { id, agentId, messageIds: nameSome(work), part, parts: moreParts.length + 1 } } }
}

/** What just happened is news to the conversation, and to an answer on its way. */
function follow({ takeovers }: Journal, message: NewMessage, conversation: ConversationState): NewEvent[] {
  const { author: { kind }, occurredAt, receivedAt, apiKeyId } = message
  if ((kind === 'contact' || kind === 'human') && !isHistory(message)) conversation.newestSeq[kind] = conversation.lastSeq
  const { organizationId, id: conversationId, agentId } = conversation
  const takeover = takeovers.get(keyOf(organizationId, agentId)) ?? { policy: 'never' }
  return followMessage(conversation, { authorKind: kind, occurredAt, receivedAt }, takeover)
    .map((consequence) => ({ ...consequence, organizationId, conversationId, apiKeyId }))
}

interface Asking {
  question: Question
  recorded: Recorded
  conversation: ConversationState
}

/** The message asks the AI, which may answer at once. */
function ask(journal: Journal, message: NewMessage, asking: Asking): void {
  const { organizationId, agentId, offer } = message
  journal.questions.push(toQuestion(message, asking))
  if (offer) journal.offered.push({ ...offer, organizationId, agentId, ...asking.recorded })
}

function toQuestion(message: NewMessage, { question, recorded, conversation }: Asking): QuestionRow {
  const { messageId, conversationId } = recorded
  return {
    organization_id: message.organizationId,
    message_id: messageId,
    conversation_id: conversationId,
    seq: conversation.lastSeq,
    agent_id: message.agentId,
    api_key_id: message.apiKeyId,
    request: isAiOn(conversation) ? question : { ...question, wasAiOff: true },
    asked_at: new Date(),
    turn_id: null,
    settled_at: null,
  }
}

function applyContact({ contacts, events }: Journal, message: NewMessage, { associated }: Decisions): void {
  const { contact, newIdentities, names, conflicts, hinted } = associated
  if (!contact) return
  const isCreated = !contacts.byId.has(keyOf(contact.organizationId, contact.id))
  const hasNews = Object.keys(names).length > 0 || newIdentities.length > 0
  Object.assign(contact, names)
  if (isCreated || hasNews) addContact(contacts, contact)
  if (hasNews) linkContact(contacts, contact)
  for (const identity of newIdentities) attachIdentity(contacts, contact, { identity, origin: message.channel })
  for (const { contact: other, field } of conflicts) {
    proposeMerge(contacts, [contact, other], `${associated.decidedBy} and ${field} of one message named them`)
  }
  for (const { contact: other, reason } of hinted) proposeMerge(contacts, [contact, other], reason)
  if (!isCreated && !hasNews) return
  events.push({
    organizationId: message.organizationId, type: isCreated ? 'contact.created' : 'contact.updated',
    contactId: contact.id, apiKeyId: message.apiKeyId,
    ...(isCreated ? {} : { data: { changed: nameFilled(associated) } }),
  })
}

/** Fields of a contact, as the API names them, in which its identities are shown. */
const identityFields = {
  user_id: 'userId', email: 'email', phone: 'phoneNumber', whatsapp_user: 'identities', lid: 'identities',
} satisfies Record<NewIdentity['kind'], string>

function nameFilled({ names, newIdentities }: AssociatedContact): string[] {
  return [...new Set([...Object.keys(names), ...newIdentities.map(({ kind }) => identityFields[kind])])]
}

function applyConversation(
  { conversations, contacts, events }: Journal, { apiKeyId }: NewMessage, { resolved, associated }: Decisions,
): void {
  const { conversation, newKeys } = resolved
  const { organizationId, id } = conversation
  if (conversation.isNew && !conversations.byId.has(keyOf(organizationId, id))) {
    conversations.byId.set(keyOf(organizationId, id), conversation)
    events.push({ organizationId, type: 'conversation.created', conversationId: id, apiKeyId })
  }
  conversations.changed.add(conversation)
  for (const key of newKeys) attachKey(conversations, conversation, key)
  if (conversation.contactId === null && associated.contact) {
    conversation.contactId = associated.contact.id
    linkContact(contacts, associated.contact)
  }
}

function toRow(
  message: NewMessage,
  recorded: Recorded,
  { conversation, contactId }: { conversation: ConversationState, contactId: string | undefined },
): MessageRow {
  const isFromContact = message.author.kind === 'contact'
  return {
    organization_id: message.organizationId,
    conversation_id: conversation.id,
    seq: conversation.lastSeq,
    id: recorded.messageId,
    agent_id: message.agentId,
    author_kind: message.author.kind,
    author_name: message.author.name,
    author_id: isFromContact ? contactId : message.author.id,
    text: message.text,
    attachments: message.attachments,
    channel: message.channel,
    source: message.source,
    external_id: message.externalId,
    is_draft: message.isDraft,
    status: isFromContact ? 'received' : 'recorded',
    visitor_id: recorded.visitorId,
    conversation_status: recorded.status,
    metadata: message.metadata,
    occurred_at: message.occurredAt,
    received_at: message.receivedAt,
    recorded_at: new Date(),
  }
}

const columns = [
  'organization_id', 'conversation_id', 'seq', 'id', 'agent_id', 'author_kind', 'author_name', 'author_id', 'text',
  'attachments', 'channel', 'source', 'external_id', 'is_draft', 'status', 'visitor_id', 'conversation_status',
  'metadata', 'occurred_at', 'received_at', 'recorded_at',
] as const

const questionColumns = [
  'organization_id', 'message_id', 'conversation_id', 'seq', 'agent_id', 'api_key_id', 'request', 'asked_at', 'turn_id',
] as const

export function insertMessages({ messages, questions }: Journal): Write[] {
  return [
    insertInto('messages', { columns, rows: inOrder(['organization_id', 'source', 'external_id'], messages) }),
    insertInto('questions', { columns: questionColumns, rows: questions }),
  ]
}
