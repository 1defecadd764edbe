/** Everything that an event can report: the complete list of the API. */
export const eventTypes = [
  'message.created', 'message.updated', 'message.deleted', 'message.status',
  'conversation.created', 'conversation.updated', 'conversation.status_changed',
  'conversation.handed_off', 'conversation.handed_back',
  'contact.created', 'contact.updated', 'contact.merged', 'contact.unmerged',
  'turn.finished', 'turn.failed',
  'channel.connected', 'channel.failing', 'channel.stopped',
  'webhook.disabled',
] as const

export type EventType = (typeof eventTypes)[number]

/** What webhook endpoints are sent: every event, and what tests an endpoint and stands in no log. */
export const webhookTypes = [...eventTypes, 'webhook.test'] as const

export type WebhookType = (typeof webhookTypes)[number]
