import { exampleContact } from './contacts.ts'
import { exampleConversation } from './conversations.ts'
import type { WebhookType } from './event-types.ts'
import { exampleMessage } from './messages.ts'

const { id, agentId, channel, status, isAiEnabled, visitorId, contact } = exampleConversation
const inConversation = { id, agentId, channel, status, isAiEnabled, visitorId, contact }
const ofMessage = {
  messageId: exampleMessage.id, conversationId: id, message: exampleMessage, conversation: inConversation,
}
const ofConversation = { conversationId: id, conversation: exampleConversation }
const ofContact = { contactId: exampleContact.id, contact: exampleContact }
const ofMerge = {
  ...ofContact, mergedContactId: 'cmi9q2x7b1m5n7p9r3s5t7v9x', conversationIds: [id], conversationCount: 1,
}
const ofTurn = {
  conversationId: id,
  conversation: inConversation,
  turn: {
    id: 'cmi9q2x7d3q5s7u9w1y3a5c7e', agentId, messageIds: ['cmi9q2x7a1k3v8d1w5r6t9y2z'], outcome: 'answered', messageId: exampleMessage.id,
    startedAt: '2026-03-02T14:05:07.402Z', finishedAt: '2026-03-02T14:05:10.118Z',
  },
}
const ofChannel = { channel: { id: 'cmi9q2x7e4r6t8v0x2z4b6d8f', kind: 'whatsapp', name: 'Sales' }, reason: null }
const ofEndpoint = { webhookEndpoint: { id: 'cmi9q2x7f5s7u9w1y3a5c7e9g', url: 'https://flows.example.com/hook' } }

/** `data` in the examples of the documentation, by type of event. */
export const exampleEventData: Record<WebhookType, object> = {
  'message.created': ofMessage,
  'message.updated': { ...ofMessage, changed: ['metadata'] },
  'message.deleted': { messageId: exampleMessage.id, conversationId: id, conversation: inConversation },
  'message.status': { ...ofMessage, from: 'sent', to: 'delivered', reason: null },
  'conversation.created': ofConversation,
  'conversation.updated': { ...ofConversation, changed: ['metadata'] },
  'conversation.status_changed': { ...ofConversation, from: 'RESOLVED', to: 'UNRESOLVED' },
  'conversation.handed_off': { ...ofConversation, reason: 'Ana answered in Chatwoot.' },
  'conversation.handed_back': { ...ofConversation, reason: null },
  'contact.created': ofContact,
  'contact.updated': { ...ofContact, changed: ['firstName'] },
  'contact.merged': ofMerge,
  'contact.unmerged': ofMerge,
  'turn.finished': ofTurn,
  'turn.failed': {
    ...ofTurn, turn: { ...ofTurn.turn, outcome: 'failed', messageId: null },
    error: { code: 'MODEL_UNAVAILABLE', message: 'The model did not answer within 60 seconds.' },
  },
  'channel.connected': ofChannel,
  'channel.failing': { ...ofChannel, reason: 'The access token has expired.' },
  'channel.stopped': { ...ofChannel, reason: 'Stopped by an administrator.' },
  'webhook.disabled': { ...ofEndpoint, reason: 'It failed for five days.' },
  'webhook.test': ofEndpoint,
}
