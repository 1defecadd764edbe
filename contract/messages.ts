import Type from 'typebox'
import { channels } from './channels.ts'
import { Metadata, Nullable, Time } from './common.ts'

export const MessageAttachment = Type.Object({
  url: Type.String(),
  name: Type.Optional(Type.String()),
  mimeType: Type.Optional(Type.String()),
  size: Type.Optional(Type.Number({ description: 'Bytes.' })),
})

export const MessageAuthor = Type.Object({
  kind: Type.Enum(['contact', 'human', 'ai', 'system', 'agent'], {
    description: '`agent`: the caller did not say whether a human or the AI.',
  }),
  name: Nullable(Type.String()),
  id: Nullable(Type.String({ description: "The contact's id, or the id that the caller gave." })),
})

/** A message as it is read. */
export const Message = Type.Object({
  id: Type.String(),
  conversationId: Type.String(),
  seq: Type.Integer({ description: '1, 2, 3… within the conversation, in the order of recording.' }),
  from: Type.Enum(['contact', 'agent']),
  author: MessageAuthor,
  text: Type.String(),
  attachments: Type.Array(MessageAttachment),
  channel: Type.Enum([...channels]),
  source: Type.String({ description: 'System in which it was said.' }),
  externalId: Nullable(Type.String({ description: "The provider's id; unique with `source` in the organization." })),
  isDraft: Type.Boolean(),
  status: Type.String({ description: 'Delivery: `received` from a contact, `recorded` from an agent.' }),
  occurredAt: Time('When it was said.'),
  receivedAt: Time('When it reached Hilo.'),
  recordedAt: Time('When it was stored.'),
  metadata: Metadata('Of the caller.'),
}, { $id: 'Message' })
