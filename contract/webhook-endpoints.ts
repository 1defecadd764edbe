import Type, { type Static } from 'typebox'
import { ChannelInput } from './channels.ts'
import { Nullable, OptionalText, Page, PageQuery, Time } from './common.ts'
import { type EventType, eventTypes } from './event-types.ts'

const eventTypesText = 'Types of events that are sent; `null`: all of them, those of later versions too.'
const agentIdText = 'Only events of conversations of this agent; `null`: of any. Events without a conversation are left '
  + 'out then.'
const channelText = 'Only events of conversations on this channel, such as `whatsapp`; `null`: on any. Events without a '
  + 'conversation are left out then.'
const orderedText = '`true`: the events of one conversation arrive in their order, each after the one before was '
  + 'accepted or given up; conversations do not wait for each other. `false`: no event waits for another.'
const ignoreOwnText = '`true`: events that the key `ownApiKeyId` caused are not sent, so that a flow that answers '
  + 'events by calling this API does not hear of its own changes.'
const ownApiKeyText = 'Id of the API key whose changes are the endpoint\'s own, for `ignoreOwn`.'

const fields = {
  id: Type.String({ description: 'Id of the endpoint.' }),
  kind: Type.Enum(['events', 'answers'], {
    description: '`events`: made here, hears what happens. `answers`: made by Hilo for an agent that is asked '
      + 'asynchronously; posts its answers to the `webhookUrl` of the calls, signed with the secret of this endpoint. '
      + 'Filters do not apply to it, and it stays with its agent.',
  }),
  url: Nullable(Type.String({ description: 'Where events are posted to; `null`: to the `webhookUrl` of each call.' })),
  description: Nullable(Type.String({ description: 'What it is for, for people.' })),
  eventTypes: Nullable(Type.Array(Type.Enum([...eventTypes]), { description: eventTypesText })),
  agentId: Nullable(Type.String({ description: agentIdText })),
  channel: Nullable(Type.String({ description: channelText })),
  ordered: Type.Boolean({ description: orderedText }),
  ignoreOwn: Type.Boolean({ description: ignoreOwnText }),
  ownApiKeyId: Type.String({ description: ownApiKeyText }),
  isEnabled: Type.Boolean({
    description: 'Whether events are sent. What happens while it is `false` is sent once it is `true` again, as far '
      + 'back as the log reaches.',
  }),
  disabledReason: Nullable(Type.String({ description: 'Why Hilo disabled it; `null`: Hilo did not.' })),
  failingSince: Nullable(Time('When the first attempt failed since the last that was accepted; `null`: none did.')),
  pausedUntil: Nullable(Time('Until when nothing is sent, as the receiver asked with `Retry-After`; `null`: it did not. '
    + 'Another `url` ends it, and so does sending events again.')),
  lastSeq: Type.Integer({ description: 'Number of the newest event that was looked at for this endpoint.' }),
  oldSecretUntil: Nullable(Time('Until when the secret before is used for signing as well; `null`: it is not.')),
  createdAt: Time('When it was created.'),
  updatedAt: Time('When its settings last changed.'),
}

const exampleTypes: EventType[] = ['message.created', 'conversation.status_changed']
const exampleEndpoint = {
  id: 'cmi9q2x7g6t8v0x2z4b6d8f0h', kind: 'events' as const, url: 'https://n8n.example.com/webhook/hilo', description: 'CRM sync',
  eventTypes: exampleTypes, agentId: null, channel: 'whatsapp', ordered: true,
  ignoreOwn: true, ownApiKeyId: 'cmi9q2x7f5s7u9w1y3a5c7e9g', isEnabled: true, disabledReason: null, failingSince: null,
  pausedUntil: null, lastSeq: 4711, oldSecretUntil: null, createdAt: '2026-03-01T12:00:00.000Z', updatedAt: '2026-03-01T12:00:00.000Z',
}

/** Where an organization wants its events to be sent; never its secret. */
export const WebhookEndpoint = Type.Object(fields, { examples: [exampleEndpoint] })
export type WebhookEndpoint = Static<typeof WebhookEndpoint>

const exampleSecret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo='
const secret = Type.String({
  description: 'Signs what is sent, as Standard Webhooks has it. Keep it now: it is never shown again.',
})

/** A new endpoint, or one whose secret was changed: the one time that the secret is shown. */
export const WebhookEndpointWithSecret = Type.Object({ ...fields, secret }, {
  examples: [{ ...exampleEndpoint, secret: exampleSecret }],
})
export type WebhookEndpointWithSecret = Static<typeof WebhookEndpointWithSecret>

const settings = {
  description: Type.Optional(OptionalText('What it is for, for people.', { maxLength: 1024 })),
  eventTypes: Type.Optional(Type.Unsafe<EventType[] | null>({
    type: ['array', 'null'], items: { type: 'string', enum: [...eventTypes] }, minItems: 1, uniqueItems: true,
    description: eventTypesText,
  })),
  agentId: Type.Optional(OptionalText(agentIdText, { maxLength: 256 })),
  channel: Type.Optional(ChannelInput(channelText)),
  ordered: Type.Optional(Type.Boolean({ description: `${orderedText} \`true\` when absent at creation.` })),
  ignoreOwn: Type.Optional(Type.Boolean({ description: ignoreOwnText })),
  ownApiKeyId: Type.Optional(OptionalText(`${ownApiKeyText} The key that creates it, when absent.`, { maxLength: 256 })),
  isEnabled: Type.Optional(Type.Boolean({ description: 'Whether events are sent; `true` when absent at creation.' })),
}

const urlField = Type.String({
  minLength: 1, maxLength: 2048,
  description: 'Where events are posted to: `https`, a public address, no user name or password in it.',
})

/** Body of `POST /api/webhook-endpoints`. */
export const NewWebhookEndpointBody = Type.Object({ url: urlField, ...settings }, {
  examples: [{ url: exampleEndpoint.url, eventTypes: exampleTypes, ignoreOwn: true }],
})
export type NewWebhookEndpointBody = Static<typeof NewWebhookEndpointBody>

/** Body of `PATCH /api/webhook-endpoints/{id}`. */
export const WebhookEndpointChange = Type.Object({ url: Type.Optional(urlField), ...settings }, {
  description: 'What is absent stays as it is.', examples: [{ isEnabled: true }],
})
export type WebhookEndpointChange = Static<typeof WebhookEndpointChange>

export const WebhookEndpointsQuery = PageQuery({})
export type WebhookEndpointsQuery = Static<typeof WebhookEndpointsQuery>

export const WebhookEndpointsPage = Page(WebhookEndpoint, 'Webhook endpoints, newest first.')
export type WebhookEndpointsPage = Static<typeof WebhookEndpointsPage>

/** Body of `POST /api/webhook-endpoints/{id}/rotate-secret`. */
export const RotateSecretBody = Type.Object({
  overlapSeconds: Type.Optional(Type.Integer({
    minimum: 0, maximum: 604_800, default: 86_400,
    description: 'How long what is sent carries a signature with the old secret too: 0 to 604800 (7 days), 86400 (a '
      + 'day) when absent.',
  })),
}, { examples: [{ overlapSeconds: 3600 }] })
export type RotateSecretBody = Static<typeof RotateSecretBody>

/** One try to deliver an event. */
export const WebhookAttempt = Type.Object({
  id: Type.String({ description: 'Id of the attempt.' }),
  seq: Nullable(Type.Integer({ description: 'Number of the event; `null`: it was a test.' })),
  url: Nullable(Type.String({ description: 'Where it was sent to; `null`: made before Hilo wrote that down.' })),
  eventType: Type.String({ description: 'Type of the event.' }),
  attempt: Type.Integer({ description: '1 for the first try of this event, 2 for the next…' }),
  isDelivered: Type.Boolean({ description: 'Whether the receiver accepted it with a status of 200 to 299.' }),
  status: Nullable(Type.Integer({ description: 'HTTP status of the answer; `null`: there was no answer.' })),
  durationMs: Type.Integer({ description: 'How long it took, in milliseconds.' }),
  error: Nullable(Type.String({ description: 'What went wrong; `null`: nothing did.' })),
  answer: Nullable(Type.String({ description: 'First KiB of what the receiver answered.' })),
  nextAttemptAt: Nullable(Time('When it is tried again; `null`: it is not, as it was accepted or given up.')),
  createdAt: Time('When it was made.'),
}, {
  examples: [{
    id: 'cmi9q2x7h7u9w1y3a5c7e9g1j', seq: 4711, url: exampleEndpoint.url, eventType: 'message.created', attempt: 1,
    isDelivered: false, status: 502, durationMs: 120, error: 'The receiver answered 502; only 200 to 299 is success.', answer: 'Bad gateway',
    nextAttemptAt: '2026-03-01T12:00:05.000Z', createdAt: '2026-03-01T12:00:00.000Z',
  }],
})
export type WebhookAttempt = Static<typeof WebhookAttempt>

/** The number of an event, where one may be named. */
const Seq = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description }))

export const WebhookAttemptsQuery = PageQuery({
  seq: Seq('Only attempts of the event with this number.'),
  isDelivered: Type.Optional(Type.Boolean({ description: 'Only attempts that were accepted, or only that were not.' })),
})
export type WebhookAttemptsQuery = Static<typeof WebhookAttemptsQuery>

export const WebhookAttemptsPage = Page(WebhookAttempt, 'Attempts of this endpoint, newest first.')
export type WebhookAttemptsPage = Static<typeof WebhookAttemptsPage>

/** Body of `POST /api/webhook-endpoints/{id}/redeliver`. */
export const RedeliverBody = Type.Object({
  seq: Seq('One event, by its number.'),
  failed: Type.Optional(Type.Boolean({ description: '`true`: all events that were given up or wait for another try.' })),
  fromSeq: Seq('First number of a range.'),
  toSeq: Seq('Last number of a range; the newest event when absent.'),
  from: Type.Optional(Type.String({ format: 'date-time', description: 'Beginning of a range by time, ISO 8601; not before the year 2000.' })),
  to: Type.Optional(Type.String({ format: 'date-time', description: 'End of a range by time; now when absent.' })),
}, {
  description: 'One of `seq`, `failed`, or a range: it begins with `fromSeq` or `from`, and ends with `toSeq` or `to`.',
  examples: [{ failed: true }, { seq: 4711 }, { fromSeq: 4000, toSeq: 4711 }, { from: '2026-03-01T12:00:00Z' }],
})
export type RedeliverBody = Static<typeof RedeliverBody>

/** Answer of `POST /api/webhook-endpoints/{id}/redeliver`. */
export const Redelivery = Type.Object({
  queued: Type.Integer({ description: 'How many events are on their way now.' }),
  nextFromSeq: Type.Unsafe<number | null>({
    type: ['integer', 'null'],
    description: 'Set where a range holds more than 10,000 events that this endpoint wants: send it as `fromSeq`, with the '
      + 'same `toSeq` or `to`, to go on.',
  }),
}, { examples: [{ queued: 12, nextFromSeq: null }] })
export type Redelivery = Static<typeof Redelivery>
