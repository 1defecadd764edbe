import Type, { type Static } from 'typebox'
import { Time } from './common.ts'
import { eventData } from './event-data.ts'
import { exampleEventData } from './event-examples.ts'
import { type EventType, eventTypes, type WebhookType, webhookTypes } from './event-types.ts'

/** What an event reports, in a line each for the documentation. */
export const eventMeanings: Record<WebhookType, string> = {
  'message.created': 'A message was recorded, or a draft was published.',
  'message.updated': 'The metadata of a message changed.',
  'message.deleted': 'A message was deleted.',
  'message.status': 'The delivery status of a message changed.',
  'conversation.created': 'The first message of a conversation was recorded.',
  'conversation.updated': 'Metadata of a conversation changed, or whether the AI answers in it.',
  'conversation.status_changed': 'A conversation was resolved, opened again, or waits for a human.',
  'conversation.handed_off': 'A human took over; the AI is quiet.',
  'conversation.handed_back': 'The AI answers again.',
  'contact.created': 'A contact was created.',
  'contact.updated': 'Names, identities or metadata of a contact changed.',
  'contact.merged': 'A contact was merged into this one.',
  'contact.unmerged': 'A contact was taken out of this one again.',
  'turn.finished': 'The AI is through with a turn.',
  'turn.failed': 'The AI could not answer.',
  'channel.connected': 'A channel works.',
  'channel.failing': 'A channel fails; it is tried again.',
  'channel.stopped': 'A channel was stopped.',
  'webhook.disabled': 'A webhook endpoint failed too long, or said that it is gone; nothing is sent to it any more.',
  'webhook.test': 'Somebody tests the endpoint (`POST /api/webhook-endpoints/{id}/test`). Nothing happened, and no log holds it.',
}

const isTest = (type: WebhookType) => type === 'webhook.test'

const exampleOf = (type: WebhookType) => ({
  type,
  id: isTest(type) ? 'test_cmi9q2x7h7u9w1y3a5c7e9g1i' : 'evt_cmi9q1z9o8r7g6a5n4i3z2a1t_1042',
  timestamp: '2026-03-02T14:05:10.118Z',
  organizationId: 'cmi9q1z9o8r7g6a5n4i3z2a1t',
  seq: isTest(type) ? null : 1042,
  data: exampleEventData[type],
})

/** `message.created` as `MessageCreatedEvent`. */
function schemaName(type: WebhookType): string {
  return `${type.split(/[._]/).map((word) => word[0]!.toUpperCase() + word.slice(1)).join('')}Event`
}

const Seq = Type.Integer({ description: '1, 2, 3… in the organization, without a gap, in the order of commits.' })
const NoSeq = Type.Null({ description: 'It has no place in the log.' })

const createEventSchema = (type: WebhookType) => Type.Object({
  type: Type.Literal(type, { description: 'What happened.' }),
  id: Type.String({
    description: 'Names this event anywhere and for ever, also in the header `webhook-id`: whoever meets it twice can tell.',
  }),
  timestamp: Time('When it happened.'),
  organizationId: Type.String({ description: 'Organization in which it happened.' }),
  seq: isTest(type) ? NoSeq : Seq,
  data: eventData[type],
}, { $id: schemaName(type), description: eventMeanings[type], examples: [exampleOf(type)] })

/** The JSON Schema of each type of event, and of what tests a webhook endpoint. */
export const eventSchemas = Object.fromEntries(webhookTypes.map((type) => [type, createEventSchema(type)])) as
  Record<WebhookType, ReturnType<typeof createEventSchema>>

export type EventData = { [Type in EventType]: Static<(typeof eventData)[Type]> }

/** What tests a webhook endpoint. */
export interface WebhookTestEvent {
  type: 'webhook.test'
  id: string
  timestamp: string
  organizationId: string
  seq: null
  data: Static<(typeof eventData)['webhook.test']>
}

/** One change, as webhooks, the stream and `GET /api/events` tell it. */
export type Event = {
  [Type in EventType]: {
    type: Type, id: string, timestamp: string, organizationId: string, seq: number, data: EventData[Type],
  }
}[EventType]

export const Event = Type.Unsafe<Event>({
  $id: 'Event',
  oneOf: eventTypes.map((type) => eventSchemas[type]),
  description: 'One change. Told apart by `type`. At most 20 KB: what is longer is cut, and `data.truncated` says where '
    + 'the whole is.',
})

const filterFields = {
  types: Type.Optional(Type.Array(Type.String({ maxLength: 1024 }), {
    maxItems: 64, description: 'Only these types, separated by commas.', examples: [['message.created,contact.created']],
  })),
  conversationId: Type.Optional(Type.String({
    maxLength: 256, description: 'Only events of this conversation: its id, or a `conversationId` that it was recorded with.',
  })),
}

const After = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description }))

/** Query of `GET /api/events`. */
export const EventQuery = Type.Object({
  after: After('Events with a greater `seq`. Absent: from the oldest that is kept.'),
  ...filterFields,
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100, description: 'Most events to answer.' })),
  wait: Type.Optional(Type.Integer({
    minimum: 0, maximum: 30, default: 0,
    description: 'Where there is nothing yet, seconds to wait for something before the answer is empty.',
  })),
})
export type EventQuery = Static<typeof EventQuery>

/** Query of `GET /api/events/stream`. */
export const EventStreamQuery = Type.Object({
  after: After('Events with a greater `seq`, then what happens. Absent: only what happens from now on.'),
  ...filterFields,
})
export type EventStreamQuery = Static<typeof EventStreamQuery>

/** Answer of `GET /api/events`. */
export const EventPage = Type.Object({
  items: Type.Array(Event, { description: 'Ascending by `seq`.' }),
  nextAfter: Type.Integer({ description: 'Send it as `after` to read on, now or later.' }),
  hasMore: Type.Boolean({
    description: 'Whether to ask again at once. With filters, `items` may be empty and there is more all the same.',
  }),
  lastSeq: Type.Integer({ description: '`seq` of the newest event of the organization, whatever the filters.' }),
}, { examples: [{ items: [exampleOf('message.created')], nextAfter: 1042, hasMore: false, lastSeq: 1042 }] })
export type EventPage = Static<typeof EventPage>
