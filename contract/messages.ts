import Type, { type Static } from 'typebox'
import { channels } from './channels.ts'
import { Metadata, OptionalText, Page, PageQuery, Time } from './common.ts'

export const MessageAttachment = Type.Object({
  url: Type.String({ description: 'Address of the file, http or https.' }),
  name: Type.Optional(Type.String({ description: 'File name.' })),
  mimeType: Type.Optional(Type.String({ description: 'Such as image/jpeg.' })),
  size: Type.Optional(Type.Number({ description: 'Bytes.' })),
})

const authorKinds = ['contact', 'human', 'ai', 'system', 'agent'] as const
export type AuthorKind = (typeof authorKinds)[number]

export const MessageAuthor = Type.Object({
  kind: Type.Enum([...authorKinds], {
    description: '`agent`: the caller did not say whether a human or the AI.',
  }),
  name: OptionalText('Name to show.'),
  id: OptionalText("The contact's id, or the id that the caller gave."),
})

/** A message in the examples of the documentation. */
export const exampleMessage = {
  id: 'cmi9q2x7a0k3v8d1w5r6t9y2z',
  conversationId: 'cmi9q2x79b4n6m1q8s3f7h0j5',
  seq: 2,
  from: 'agent',
  author: { kind: 'human', name: 'Ana', id: null },
  text: 'Your order is on its way.',
  attachments: [],
  channel: 'whatsapp',
  source: 'chatwoot',
  externalId: '48121',
  isDraft: false,
  status: 'recorded',
  occurredAt: '2026-03-02T14:05:09.000Z',
  receivedAt: '2026-03-02T14:05:10.112Z',
  recordedAt: '2026-03-02T14:05:10.118Z',
  metadata: { flow: 'order-status' },
}

/** A message as it is read. */
export const Message = Type.Object({
  id: Type.String({ description: 'Id of the message.' }),
  conversationId: Type.String({ description: 'Id of its conversation.' }),
  seq: Type.Integer({ description: '1, 2, 3… within the conversation, in the order of recording.' }),
  from: Type.Enum(['contact', 'agent'], { description: '`contact`: the customer; `agent`: everybody on our side.' }),
  author: MessageAuthor,
  text: Type.String({ description: 'What was said; empty where there are attachments only.' }),
  attachments: Type.Array(MessageAttachment, { description: 'Files.' }),
  channel: Type.Enum([...channels], { description: 'Where it was said.' }),
  source: Type.String({ description: 'System in which it was said.' }),
  externalId: OptionalText("The provider's id; unique with `source` in the organization."),
  isDraft: Type.Boolean({ description: 'Not part of the conversation until it is published.' }),
  status: Type.String({ description: 'Delivery: `received` from a contact, `recorded` from an agent.' }),
  occurredAt: Time('When it was said; a draft is said when it is published.'),
  receivedAt: Time('When it reached Hilo.'),
  recordedAt: Time('When it was stored.'),
  metadata: Metadata('Of the caller.'),
}, { $id: 'Message', examples: [exampleMessage] })
export type Message = Static<typeof Message>

/** Both ends of a page of messages. */
export const messagePageFields = {
  nextCursor: OptionalText('Send it as `cursor` to read on in the same order; `null` at the end.'),
  previousCursor: OptionalText(
    'Send it as `cursor` to read the other way: newest first, what was said since. What reached Hilo since and was said ' +
    'before is not in it: to follow a conversation, read `GET /api/events`. ' +
    'The items stay in the order asked for. `null` if there is nothing to go back from.',
  ),
}

/** Cursors in the examples of the documentation. */
export const exampleCursors = {
  nextCursor: null, previousCursor: 'WyJuZXdlciIsIjIwMjYtMDMtMDJUMTQ6MDU6MDkuMDAwMDAwWiIsMl0',
}

/** Answer of `GET /api/conversations/{id}/messages`. */
export const MessagePage = Type.Object({
  ...Page(Message, '').properties,
  ...messagePageFields,
}, {
  description: 'Messages, sorted by `occurredAt`, then `seq`.',
  examples: [{ items: [exampleMessage], ...exampleCursors }],
})
export type MessagePage = Static<typeof MessagePage>

export const MessageQuery = PageQuery({
  order: Type.Optional(Type.Enum(['desc', 'asc'], {
    default: 'desc', description: '`desc`: newest first; `asc`: oldest first.',
  })),
  includeDrafts: Type.Optional(Type.Boolean({ default: true, description: 'Drafts too; they are marked `isDraft`.' })),
})

/** Body of `PATCH /api/conversations/{id}/messages/{messageId}`. */
export const MessageChange = Type.Object({
  isDraft: Type.Optional(Type.Boolean({
    description: '`false` publishes a draft. What is published stays so: `true` is refused then.',
  })),
  metadata: Type.Optional(Metadata(
    'Merged into what is there, key by key; a key that is `null` is removed. At most 16 KiB in all.',
  )),
}, { examples: [{ isDraft: false, metadata: { reviewedBy: 'Ana' } }] })
export type MessageChange = Static<typeof MessageChange>
