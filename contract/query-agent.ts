import Type, { type Static } from 'typebox'
import { ChannelInput } from './channels.ts'
import { IdInput, OptionalBoolean, OptionalText } from './common.ts'
import { conversationStatuses } from './conversations.ts'

const OptionalObject = (description: string) =>
  Type.Unsafe<Record<string, unknown> | null>({ type: ['object', 'null'], description })

/** The customer, to be found or created by e-mail, phone number or user id. */
export const ContactInput = Type.Unsafe<{
  email?: string | null
  phoneNumber?: string | number | null
  userId?: string | number | null
  firstName?: string | null
  lastName?: string | null
} | null>({
  type: ['object', 'null'],
  description: 'The customer: found by userId, email or phoneNumber (in this order), created where nobody has them. ' +
    'Names and keys that the found contact lacks are filled in; nothing is overwritten.',
  properties: {
    email: OptionalText('Compared without regard to case.'),
    phoneNumber: IdInput('In any writing; national forms are read with the defaultCountry of the organization.'),
    userId: IdInput("The customer's id in your own system."),
    firstName: OptionalText('First name.', { maxLength: 256 }),
    lastName: OptionalText('Last name.', { maxLength: 256 }),
  },
})

/** Who said it; an extension. */
export const AuthorInput = Type.Unsafe<{
  kind?: string | null
  name?: string | null
  id?: string | number | null
} | null>({
  type: ['object', 'null'],
  description: 'Extension. Who said it; without it, plain `agent`.',
  properties: {
    kind: { enum: ['human', 'ai', 'system', 'agent', null], description: '`human`: a colleague; `ai`: a bot.' },
    name: OptionalText('Name to show.', { maxLength: 256 }),
    id: IdInput("The author's id in your own system."),
  },
})

/** A file of the message; an extension. */
export const AttachmentInput = Type.Unsafe<{
  url: string
  name?: string | null
  mimeType?: string | null
  size?: number | null
}>({
  type: 'object',
  required: ['url'],
  properties: {
    url: { type: 'string', maxLength: 4096, description: 'Address of the file, http or https.' },
    name: OptionalText('File name.', { maxLength: 256 }),
    mimeType: OptionalText('Such as image/jpeg.', { maxLength: 256 }),
    size: { type: ['integer', 'null'], minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Bytes.' },
  },
})

/** Of a message that a customer may have written as well. */
export const customerMessageFields = {
  query: Type.String({ description: 'Text of the message, at most 64 KiB. May be empty when there is an attachment.' }),
  conversationId: Type.Optional(IdInput(
    'The conversation to append to. For Chatwoot `crmchatsappai_{accountId}_{conversationId}`; any other id of yours ' +
    'is free-form. The answer carries the id of the conversation really written.',
  )),
  visitorId: Type.Optional(IdInput(
    'The end user, in any form. On WhatsApp the phone number (`wa_id`), or the id that hides it: a user id (`US.1349…`) or a ' +
    'LID (`…@lid`). A number and an id that one message shows, here, in `channelExternalId` or in `contact.phoneNumber`, lead ' +
    'to one conversation from then on, unless a `conversationId` alone names it; a phone beside a `conversationId` of another ' +
    'phone is refused.',
  )),
  channel: Type.Optional(ChannelInput('Where the conversation takes place; `api` when absent.')),
  channelExternalId: Type.Optional(IdInput(
    'Key of the conversation in an outside platform; decides before all others. On WhatsApp ' +
    '`{organizationId}_{agentId}_{telephoneNumber}`, the number in any writing, or the id that hides it.',
  )),
  contactId: Type.Optional(IdInput('A contact of Hilo.')),
  contact: Type.Optional(ContactInput),
  metadata: Type.Optional(OptionalObject('Of the message, at most 16 KiB as JSON.')),
  externalId: Type.Optional(IdInput(
    "Extension. The provider's message id: together with `source` unique; a repeat gets the first answer again.",
  )),
  source: Type.Optional(OptionalText(
    'Extension. System in which it was said, such as `chatwoot`; the channel when absent.', { maxLength: 256 },
  )),
  occurredAt: Type.Optional(Type.Unsafe<string | number | null>({
    type: ['string', 'number', 'null'],
    description: 'Extension. When it was said: ISO 8601 with offset, or Unix seconds or milliseconds; now when absent. By ' +
      'a clock that is ahead of Hilo\'s, by five minutes at most, it was said when it came.',
  })),
  attachments: Type.Optional(Type.Unsafe<Static<typeof AttachmentInput>[] | null>({
    type: ['array', 'null'], maxItems: 100, items: AttachmentInput, description: 'Extension. Files of the message.',
  })),
}

const messageFields = {
  ...customerMessageFields,
  isDraft: Type.Optional(OptionalBoolean('Stored and marked, but not part of the conversation until it is published.')),
  author: Type.Optional(AuthorInput),
}

/** Body of `POST /api/agents/{id}/query-agent` and of `…/resolve`. */
export const QueryAgentBody = Type.Object({
  ...messageFields,
  streaming: Type.Optional(OptionalBoolean('Answer as Server-Sent Events.')),
}, {
  examples: [{
    query: 'Your order is on its way.',
    channel: 'whatsapp',
    visitorId: '5491155550000',
    author: { kind: 'human', name: 'Ana' },
  }],
})

/** One message of `POST /api/agents/{id}/messages`. */
export const MessageInput = Type.Object({
  ...messageFields,
  from: Type.Optional(Type.Unsafe<'contact' | 'agent' | null>({
    enum: ['contact', 'agent', null], description: 'Who said it, the customer or the other side; `agent` when absent.',
  })),
})
export type MessageInput = Static<typeof MessageInput>

/** Body of `POST /api/agents/{id}/messages`. Each message is checked for itself, against `MessageInput`. */
export const MessagesBody = Type.Object({
  messages: Type.Array(
    Type.Union([MessageInput, Type.Unknown({ description: 'Anything else is refused for itself, in its result.' })]),
    { minItems: 1, maxItems: 1000, description: 'The messages, in the order in which they are to be recorded.' },
  ),
}, {
  examples: [{
    messages: [
      { from: 'contact', query: 'Where is my order?', conversationId: 'crmchatsappai_12_345', externalId: '9001' },
      {
        query: 'It is on its way.', conversationId: 'crmchatsappai_12_345', externalId: '9002',
        author: { kind: 'human', name: 'Ana' }, occurredAt: '2026-03-02T14:05:09Z',
      },
    ],
  }],
})

const DecidedKey = Type.Object({
  kind: Type.String(),
  value: Type.String({ description: 'Canonical form.' }),
})

export const ResolutionWarning = Type.Object({
  code: Type.String(),
  message: Type.String({ description: 'A sentence for people.' }),
  field: Type.Optional(Type.String()),
})

/** Which conversation and contact a message reaches, and why. */
export const Resolution = Type.Object({
  conversation: Type.Object({
    id: Type.Optional(Type.String({ description: 'Absent in a dry run that would create it.' })),
    created: Type.Boolean({ description: 'It is new (in a dry run: would be).' }),
    decidedBy: Type.Enum([
      'channelExternalId', 'conversationId', 'visitorId', 'contact.phoneNumber', 'new', 'repeat',
    ], { description: 'The field that decided; `new`: none named one; `repeat`: recorded before.' }),
    attachedKeys: Type.Array(DecidedKey, { description: 'Keys that lead to it from now on.' }),
  }),
  contact: Type.Object({
    id: Type.Optional(Type.String({ description: 'Absent when there is none, or in a dry run that would create it.' })),
    created: Type.Boolean(),
    decidedBy: Type.Optional(Type.String({ description: 'The field that decided; `conversation`: its contact.' })),
    attachedIdentities: Type.Array(DecidedKey, { description: 'Identities that it gains.' }),
  }),
  warnings: Type.Array(ResolutionWarning),
})

export const recordedFields = {
  messageId: Type.String({ description: 'Id of the stored message.' }),
  conversationId: Type.String({ description: 'The conversation really written; send it with the next message.' }),
  visitorId: Type.String({ description: 'As sent, or generated.' }),
  status: Type.Enum([...conversationStatuses], { description: 'Status of the conversation.' }),
}

/** The four keys of the API; `resolution` only with `?explain=true`. */
export const QueryAgentAnswer = Type.Object({
  ...recordedFields,
  resolution: Type.Optional(Resolution),
}, {
  examples: [{
    messageId: 'cmi9q2x7a0k3v8d1w5r6t9y2z',
    conversationId: 'cmi9q2x79b4n6m1q8s3f7h0j5',
    visitorId: '5491155550000',
    status: 'UNRESOLVED',
  }],
})

export const MessageResult = Type.Union([
  Type.Object({
    ...recordedFields,
    isRepeat: Type.Boolean({ description: 'Recorded before; this is the first answer again.' }),
    resolution: Type.Optional(Resolution),
  }),
  Type.Object({
    error: Type.String(),
    code: Type.String(),
    field: Type.Optional(Type.String()),
    hint: Type.Optional(Type.String()),
  }),
])

export const MessagesAnswer = Type.Object({
  results: Type.Array(MessageResult, { description: 'One for each message, in order.' }),
}, {
  examples: [{
    results: [
      {
        messageId: 'cmi9q2x7a0k3v8d1w5r6t9y2z', conversationId: 'cmi9q2x79b4n6m1q8s3f7h0j5',
        visitorId: 'cmi9q2x79p0o1i2u3y4t5r6e7', status: 'UNRESOLVED', isRepeat: false,
      },
      { error: '"messages[1].query" is required: the text of the message.', code: 'INVALID_REQUEST', field: 'messages[1].query' },
    ],
  }],
})

export const ResolveAnswer = Type.Object({
  resolution: Resolution,
  summary: Type.String({ description: 'The same in words.' }),
}, {
  examples: [{
    resolution: {
      conversation: {
        id: 'cmi9q2x79b4n6m1q8s3f7h0j5', created: false, decidedBy: 'channelExternalId', attachedKeys: [],
      },
      contact: {
        id: 'cmi9q2x79f8h2k5l1z3x6c9v0', created: false, decidedBy: 'channelExternalId', attachedIdentities: [],
      },
      warnings: [],
    },
    summary: 'It reaches conversation cmi9q2x79b4n6m1q8s3f7h0j5, by channelExternalId. ' +
      'It concerns contact cmi9q2x79f8h2k5l1z3x6c9v0, by channelExternalId.',
  }],
})
