import Type, { type Static } from 'typebox'
import { channels } from './channels.ts'
import { Metadata, OptionalText, Page, PageQuery, Time } from './common.ts'
import { exampleCursors, exampleMessage, Message, messagePageFields } from './messages.ts'

export const conversationStatuses = ['UNRESOLVED', 'RESOLVED', 'HUMAN_REQUESTED'] as const
export type ConversationStatus = (typeof conversationStatuses)[number]

const Status = (description: string) => Type.Enum([...conversationStatuses], { description })

/** Whom a conversation is with. */
export const ConversationContact = Type.Unsafe<{
  id: string, firstName: string | null, lastName: string | null,
} | null>({
  type: ['object', 'null'],
  description: 'The customer; `null` while nobody is known. Of merged contacts, the one that remained.',
  required: ['id', 'firstName', 'lastName'],
  properties: {
    id: { type: 'string', description: 'Id of the contact.' },
    firstName: { type: ['string', 'null'], description: 'First name.' },
    lastName: { type: ['string', 'null'], description: 'Last name.' },
  },
})

export const ConversationKey = Type.Object({
  kind: Type.Enum(['whatsapp', 'channel_external_id'], { description: 'What the value is.' }),
  value: Type.String({
    description: '`whatsapp`: `{agentId}_{phone}`, the phone as E.164; `channel_external_id`: `{channel}:{value}`.',
  }),
})

const LastMessage = Type.Unsafe<{
  id: string, seq: number, from: 'contact' | 'agent', text: string, occurredAt: string,
} | null>({
  type: ['object', 'null'],
  description: 'The newest message in short, drafts left out.',
  required: ['id', 'seq', 'from', 'text', 'occurredAt'],
  properties: {
    id: { type: 'string', description: 'Id of the message.' },
    seq: { type: 'integer', description: 'Its number in the conversation.' },
    from: { type: 'string', enum: ['contact', 'agent'], description: 'The customer, or our side.' },
    text: { type: 'string', description: 'Its first 200 characters.' },
    occurredAt: { type: 'string', format: 'date-time', description: 'When it was said.' },
  },
})

const aiOffCauses = ['switched_off', 'handed_off', 'human_message'] as const
/** Somebody switched the AI off, a human took the conversation over, or a human wrote in it. */
export type AiOffCause = (typeof aiOffCauses)[number]

/** Why the AI is quiet in a conversation. */
export const AiOff = Type.Unsafe<{
  cause: AiOffCause, reason: string | null, resumesAt: string | null,
} | null>({
  type: ['object', 'null'],
  description: 'Why the AI does not answer; `null` while it does.',
  required: ['cause', 'reason', 'resumesAt'],
  properties: {
    cause: {
      type: 'string', enum: [...aiOffCauses],
      description: '`switched_off`: by `isAiEnabled`; `handed_off`: somebody or the AI itself asked for a human; '
        + '`human_message`: a human wrote.',
    },
    reason: { type: ['string', 'null'], description: 'Why, in the words of whoever did it.' },
    resumesAt: {
      type: ['string', 'null'], format: 'date-time',
      description: 'When the AI answers again by itself; `null`: when it is switched on, the conversation is handed '
        + 'back, or, unless it was switched off, resolved.',
    },
  },
})

const conversationFields = {
  id: Type.String({ description: 'Id of the conversation.' }),
  agentId: Type.String({ description: 'Agent that it belongs to.' }),
  channel: Type.Enum([...channels], { description: 'Where it takes place.' }),
  status: Status('New ones are `UNRESOLVED`.'),
  contact: ConversationContact,
  visitorId: Type.String({ description: 'The end user, as sent with the first message, or generated.' }),
  isAiEnabled: Type.Boolean({ description: 'Whether the AI answers in it.' }),
  aiOff: AiOff,
  conversationIds: Type.Array(Type.String(), {
    description: 'Other ids that it was recorded with; each of them works in its path. Newest first, at most 50 with `keys`.',
  }),
  keys: Type.Array(ConversationKey, { description: 'Outside addresses that lead to it.' }),
  messageCount: Type.Integer({ description: 'Messages in it, drafts included.' }),
  lastMessage: LastMessage,
  metadata: Metadata('Of the caller.'),
  createdAt: Time('When its first message was recorded.'),
  updatedAt: Time('Last change or message.'),
}

/** A conversation in the examples of the documentation. */
export const exampleConversation = {
  id: 'cmi9q2x79b4n6m1q8s3f7h0j5',
  agentId: 'cmi9q1a2b3c4d5e6f7g8h9i0j',
  channel: 'whatsapp',
  status: 'UNRESOLVED',
  contact: { id: 'cmi9q2x78f0a1s2d3f4g5h6j7', firstName: 'Luz', lastName: null },
  visitorId: '5491155550000',
  isAiEnabled: true,
  aiOff: null,
  conversationIds: ['crmchatsappai_7_123'],
  keys: [{ kind: 'whatsapp', value: 'cmi9q1a2b3c4d5e6f7g8h9i0j_+5491155550000' }],
  messageCount: 2,
  lastMessage: {
    id: 'cmi9q2x7a0k3v8d1w5r6t9y2z', seq: 2, from: 'agent', text: 'Your order is on its way.',
    occurredAt: '2026-03-02T14:05:09.000Z',
  },
  metadata: { pipeline: 'sales' },
  createdAt: '2026-03-02T14:01:30.402Z',
  updatedAt: '2026-03-02T14:05:10.118Z',
}

/** A conversation as it is read. */
export const Conversation = Type.Object(conversationFields, { $id: 'Conversation', examples: [exampleConversation] })
export type Conversation = Static<typeof Conversation>

/** Answer of `GET /api/conversations/{id}`. */
export const ConversationWithMessages = Type.Object({
  ...conversationFields,
  messages: Type.Array(Message, { description: 'Newest first, by `occurredAt`, then `seq`; drafts are marked.' }),
  ...messagePageFields,
}, {
  $id: 'ConversationWithMessages',
  examples: [{ ...exampleConversation, messages: [exampleMessage], ...exampleCursors }],
})
export type ConversationWithMessages = Static<typeof ConversationWithMessages>

/** Answer of `GET /api/conversations`. */
export const ConversationPage = Page(Conversation, 'Conversations, newest change first.')
export type ConversationPage = Static<typeof ConversationPage>

export const ConversationQuery = PageQuery({
  agentId: Type.Optional(Type.String({ maxLength: 256, description: 'Those of this agent.' })),
  channel: Type.Optional(Type.Enum([...channels], { description: 'Those of this channel.' })),
  status: Type.Optional(Status('Those with this status.')),
  contactId: Type.Optional(Type.String({
    maxLength: 256, description: 'Those with this contact; a merged one stands for the contact that remained.',
  })),
  updatedSince: Type.Optional(Type.String({
    maxLength: 64,
    description: 'Those changed then or later: ISO 8601 with offset, or Unix seconds or milliseconds.',
    examples: ['2026-03-02T14:00:00Z'],
  })),
})
export type ConversationQuery = Static<typeof ConversationQuery>

const MetadataChange = Metadata(
  'Merged into what is there, key by key; a key that is `null` is removed. At most 16 KiB in all.',
)

/** Body of `PATCH /api/conversations/{id}`. */
export const ConversationChange = Type.Object({
  status: Type.Optional(Status(
    'The new status; metadata stays as it is. `RESOLVED` also hands back to the AI what a human had taken over.',
  )),
  isAiEnabled: Type.Optional(Type.Boolean({
    description: '`false`: the AI stays quiet, also after `RESOLVED`; `true`: it answers, whatever had kept it quiet.',
  })),
  metadata: Type.Optional(MetadataChange),
}, { examples: [{ status: 'RESOLVED' }, { isAiEnabled: false, metadata: { handledBy: 'Ana' } }] })
export type ConversationChange = Static<typeof ConversationChange>

/** Body of `PATCH /api/conversations/{id}/metadata`. */
export const ConversationMetadataChange = Type.Object({
  metadata: MetadataChange,
}, { examples: [{ metadata: { leadId: '4711', oldKey: null } }] })

const HandoverBody = (description: string, example: string) => Type.Object({
  reason: Type.Optional(OptionalText('Why, in a sentence for people.', { maxLength: 1024 })),
}, { description, examples: [{ reason: example }] })

/** Body of `POST /api/conversations/{id}/handoff`. */
export const HandoffBody = HandoverBody('May be left out.', 'Wants to talk about a refund.')
export type HandoffBody = Static<typeof HandoffBody>

/** Body of `POST /api/conversations/{id}/hand-back`. */
export const HandBackBody = HandoverBody('May be left out.', 'The refund is paid.')
export type HandBackBody = Static<typeof HandBackBody>
