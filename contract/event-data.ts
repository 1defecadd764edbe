import Type, { type Static, type TProperties } from 'typebox'
import { channels } from './channels.ts'
import { OptionalText, Time } from './common.ts'
import { Contact } from './contacts.ts'
import { Conversation, ConversationContact, conversationStatuses } from './conversations.ts'
import type { WebhookType } from './event-types.ts'
import { Message } from './messages.ts'
import { turnOutcomes } from './turns.ts'

/** What stands in an event as it is when the event is read; `null` once it is gone for good. */
const Current = <Shown>(schema: object, what: string) =>
  Type.Unsafe<Shown | null>({ anyOf: [schema, { type: 'null' }], description: `${what}, as it is when the event is read.` })

const CurrentMessage = Current<Static<typeof Message>>(Message, 'The message')
const CurrentConversation = Current<Static<typeof Conversation>>(Conversation, 'The conversation')
const CurrentContact = Current<Static<typeof Contact>>(Contact, 'The contact')

/** What a flow needs of the conversation of a message. */
export const EventConversation = Type.Object({
  id: Type.String({ description: 'Id of the conversation.' }),
  agentId: Type.String({ description: 'Agent that it belongs to.' }),
  channel: Type.Enum([...channels], { description: 'Where it takes place.' }),
  status: Type.Enum([...conversationStatuses], { description: 'Its status.' }),
  isAiEnabled: Type.Boolean({ description: 'Whether the AI answers in it.' }),
  visitorId: Type.String({ description: 'The end user, as sent with the first message, or generated.' }),
  contact: ConversationContact,
}, { $id: 'EventConversation' })
export type EventConversation = Static<typeof EventConversation>

const InConversation = Current<EventConversation>(EventConversation, 'The conversation in short')

/** Says that the event did not fit into 20 KB. */
export const Truncated = Type.Object({
  fields: Type.Array(Type.String(), { description: 'What was cut or left out, such as `message.text`.' }),
  url: Type.String({ description: 'Path of this server that answers the whole.' }),
}, { description: 'Only where the event would have been larger than 20 KB.' })

const changed = Type.Optional(Type.Array(Type.String(), { description: 'Names of the fields that changed.' }))
const Id = (description: string) => Type.String({ description })
const Reason = OptionalText('Why, in a sentence for people.')
const Status = (description: string) => Type.Enum([...conversationStatuses], { description })

const messageIds = { messageId: Id('Id of the message.'), conversationId: Id('Id of its conversation.') }
const messageFields = { ...messageIds, message: CurrentMessage, conversation: InConversation }
const conversationFields = { conversationId: Id('Id of the conversation.'), conversation: CurrentConversation }
const contactFields = { contactId: Id('Id of the contact.'), contact: CurrentContact }
const mergeFields = {
  ...contactFields,
  mergedContactId: Id('Id of the other contact, which was merged in or taken out.'),
  conversationIds: Type.Array(Type.String(), { description: 'Conversations that moved, at most 100 of them.' }),
  conversationCount: Type.Integer({ description: 'How many moved.' }),
}
const turnMessagesText = 'The customer\'s messages that it answers, at most 100: a call of `query` got one of them as `messageId`.'
const ofAnswer = Type.Optional(Type.Object({
  id: Id('Id of the turn.'),
  agentId: Id('Agent that answered.'),
  messageIds: Type.Array(Type.String(), { description: turnMessagesText }),
  part: Type.Integer({ description: 'Which message of the answer this is, from 1.' }),
  parts: Type.Integer({ description: 'Of how many messages the answer is.' }),
}, { description: 'Only where the AI answers: the turn, what it answers (`messageIds`), `part` and `parts` of a split answer.' }))
const turnFields = {
  conversationId: Id('Id of the conversation.'),
  conversation: InConversation,
  turn: Type.Object({
    id: Id('Id of the turn: one attempt of the AI to answer.'),
    agentId: Id('Agent that answered.'),
    messageIds: Type.Array(Type.String(), { description: turnMessagesText }),
    outcome: Type.Enum([...turnOutcomes], { description: 'What came of it, as `GET /api/conversations/{id}/turns` says.' }),
    messageId: OptionalText('Id of the answer; `null` if there is none.'),
    startedAt: Time('When the AI was asked.'),
    finishedAt: Time('When it was through.'),
  }),
}
const channelFields = {
  channel: Type.Object({
    id: Id('Id of the channel.'),
    kind: Type.Enum([...channels], { description: 'What it is.' }),
    name: Type.String({ description: 'Name to show.' }),
  }),
  reason: Reason,
}

const webhookEndpoint = Type.Object({
  id: Id('Id of the webhook endpoint.'), url: Type.String({ description: 'Where it delivers to.' }),
}, { description: '`id` of the webhook endpoint, and the `url` that it delivers to.' })

const Data = <Fields extends TProperties>(fields: Fields) =>
  Type.Object({ ...fields, truncated: Type.Optional(Truncated) })

/** What `data` holds, by type of event. */
export const eventData = {
  'message.created': Data({ ...messageFields, turn: ofAnswer }),
  'message.updated': Data({ ...messageFields, changed }),
  'message.deleted': Data({ ...messageIds, conversation: InConversation }),
  'message.status': Data({
    ...messageFields,
    from: Type.String({ description: 'Delivery status before.' }),
    to: Type.String({ description: 'Delivery status now: `sent`, `delivered`, `read`, `failed`.' }),
    reason: Reason,
  }),
  'conversation.created': Data(conversationFields),
  'conversation.updated': Data({ ...conversationFields, changed }),
  'conversation.status_changed': Data({
    ...conversationFields, from: Status('Status before.'), to: Status('Status that it was given.'),
  }),
  'conversation.handed_off': Data({ ...conversationFields, reason: Reason }),
  'conversation.handed_back': Data({ ...conversationFields, reason: Reason }),
  'contact.created': Data(contactFields),
  'contact.updated': Data({ ...contactFields, changed }),
  'contact.merged': Data(mergeFields),
  'contact.unmerged': Data(mergeFields),
  'turn.finished': Data(turnFields),
  'turn.failed': Data({
    ...turnFields,
    error: Type.Object({
      code: Type.String({ description: 'For programs.' }), message: Type.String({ description: 'For people.' }),
    }),
  }),
  'channel.connected': Data(channelFields),
  'channel.failing': Data(channelFields),
  'channel.stopped': Data(channelFields),
  'webhook.disabled': Data({ webhookEndpoint, reason: Reason }),
  'webhook.test': Type.Object({ webhookEndpoint }),
} satisfies Record<WebhookType, object>
