import type { AuthorKind, ConversationStatus } from '@hilo/contract'
import type { Attachment, Metadata } from '../database/schema.ts'
import type { Offer } from '../answers/begin-turns.ts'
import type { Question } from '../answers/question.ts'
import type { Claimed } from '../answers/start-turns.ts'
import type { TurnAnswer } from '../answers/turn-answer.ts'
import type { HiloError } from '../errors.ts'

export interface Author {
  kind: AuthorKind
  name?: string
  /** The caller's own id of the author; for a contact, the contact's id. */
  id?: string
}

/** A way to name a conversation: canonical, so that every writing of one address is one key. */
export interface ConversationKey {
  kind: 'whatsapp' | 'channel_external_id' | 'conversation_id'
  value: string
  /** Field of the request it was read from. */
  field: 'channelExternalId' | 'conversationId' | 'visitorId' | 'contact.phoneNumber'
  /** Agent that the key itself names (WhatsApp): it owns the conversation. */
  agentId?: string
}

export interface NewIdentity {
  kind: 'user_id' | 'email' | 'phone' | 'whatsapp_user' | 'lid'
  /** Canonical form. */
  value: string
  /** As received. */
  raw: string
  /** Field of the request it was read from. */
  field: string
  /** Other phones (E.164) that hint at the same person and prove nothing. */
  hints?: readonly string[]
}

export interface Warning {
  code: string
  /** A sentence for people. */
  message: string
  field?: string
}

/** A message as every door hands it to `ingest`: parsed, canonical, checked as far as possible without the database. */
export interface NewMessage {
  organizationId: string
  /** The API key that brought it. */
  apiKeyId: string
  /** Agent of the path: it recorded the message, and owns the conversation unless the key names another. */
  agentId: string
  author: Author
  text: string
  attachments: Attachment[]
  channel: string
  /** System in which the message was said; together with `externalId` unique in the organization. */
  source: string
  externalId?: string
  isDraft: boolean
  occurredAt: Date
  receivedAt: Date
  metadata: Metadata
  visitorId?: string
  /** In order of precedence; empty: a new conversation. */
  keys: ConversationKey[]
  /** On WhatsApp, other addresses of the customer that it shows: a phone beside a LID, and the other way round. */
  pairedKeys: ConversationKey[]
  /** On WhatsApp, what `visitorId` is where `keys` name the conversation by something else: a phone must be its own. */
  visitorAddress?: NewIdentity
  contact: {
    contactId?: string
    /** In order of precedence. */
    identities: NewIdentity[]
    firstName?: string
    lastName?: string
  }
  /** `header`: the key as the caller sent it. */
  idempotency?: { header: string, key: string, requestHash: string }
  /** It asks the AI: what the call says besides the message. */
  question?: Question
  /** The turn that may begin with this question. */
  offer?: Offer
  /** It is the AI's answer: recorded only as long as nothing newer has arrived. */
  answers?: TurnAnswer
  /** Noticed while parsing. */
  warnings: Warning[]
}

/** Which conversation and contact a message reached, and why. */
export interface Resolution {
  conversation: {
    /** Undefined in a dry run that would create it. */
    id?: string
    created: boolean
    /** The field that decided; `new`: nothing named a conversation; `repeat`: the first message did. */
    decidedBy: ConversationKey['field'] | 'new' | 'repeat'
    /** Keys by which the conversation can be reached from now on that were not known before. */
    attachedKeys: { kind: string, value: string }[]
  }
  contact: {
    /** Undefined when there is none, or in a dry run that would create it. */
    id?: string
    created: boolean
    decidedBy?: string
    /** Identities that the contact gained. */
    attachedIdentities: { kind: string, value: string }[]
  }
  warnings: Warning[]
}

/** What happened to one message. */
export type Outcome =
  | {
    ok: true
    recorded: Recorded
    isRepeat: boolean
    resolution: Resolution
    /** What was asked, with the mode in which it is answered. */
    question?: Question
    /** The offered turn, if it has begun. */
    claimed?: Claimed
  }
  | { ok: false, error: HiloError, overtakenBy?: Overtaker }

/** Who was quicker than an answer of the AI: the customer wrote on, a human came in, or the turn ended elsewhere. */
export type Overtaker = 'contact' | 'human' | 'turn'

/** The first answer for a message; a repeat gets it again. */
export interface Recorded {
  messageId: string
  conversationId: string
  visitorId: string
  status: ConversationStatus
}
