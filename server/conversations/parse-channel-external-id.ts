import { parseWhatsAppAddress, type WhatsAppAddress } from '../contacts/parse-whatsapp-address.ts'
import { channelConversationKey, whatsAppConversationKey } from './conversation-key.ts'
import { explainChannelExternalId } from './explain-channel-external-id.ts'
import { parseId } from './parse-id.ts'
import { quote, refuse, type Refused } from './refusal.ts'

/** Who is asking: the organization of the key, the agent of the path, the channel of the message. */
export interface ChannelExternalIdContext {
  organizationId: string
  pathAgentId: string
  channel: string
  /** ISO 3166, two capital letters: how a national phone is read. */
  defaultCountry?: string
}

/** What a caller's `channelExternalId` names. `key` is canonical: equal keys of one kind are one conversation. */
export type ParsedChannelExternalId =
  | { ok: true, kind: 'absent' }
  | { ok: true, kind: 'whatsapp', key: string, agentId: string, address: WhatsAppAddress, warning?: string }
  | { ok: true, kind: 'free', key: string, value: string }

/**
 * Reads a `channelExternalId`. On `whatsapp` it must be `{organizationId}_{agentId}_{telephoneNumber}` with the
 * caller's own organization; the phone may be written in any way, or be a LID or a WhatsApp user id. On other channels
 * any id is accepted, and that form is still understood.
 */
export function parseChannelExternalId(
  raw: unknown,
  context: ChannelExternalIdContext,
): ParsedChannelExternalId | Refused {
  const id = parseId('channelExternalId', raw)
  if (!id.ok) return id
  if (id.value === undefined) return { ok: true, kind: 'absent' }
  return context.channel === 'whatsapp' ? readWhatsApp(id.value, context) : readOther(id.value, context)
}

function readWhatsApp(value: string, context: ChannelExternalIdContext): ParsedChannelExternalId | Refused {
  const parts = splitParts(value, context)
  if (!parts) return explainChannelExternalId(value, context)
  const address = parseWhatsAppAddress(parts.phone, context)
  if (address.ok) return toWhatsApp(parts.agentId, address)
  return refuse(`channelExternalId ${quote(value)} must end in a phone: ${address.reason}`, address.hint)
}

function readOther(value: string, context: ChannelExternalIdContext): ParsedChannelExternalId {
  const { channel } = context
  const parts = splitParts(value, context)
  const address = parts && parseWhatsAppAddress(parts.phone)
  if (!parts || !address?.ok) return { ok: true, kind: 'free', key: channelConversationKey(channel, value), value }
  const warning = `channelExternalId ${quote(value)} has the form of WhatsApp and was read as such, although the channel ` +
    `is "${channel}".`
  return { ...toWhatsApp(parts.agentId, address), warning }
}

function toWhatsApp(agentId: string, address: WhatsAppAddress) {
  const key = whatsAppConversationKey(agentId, address)
  return { ok: true as const, kind: 'whatsapp' as const, key, agentId, address }
}

/** Ids may contain underscores: the organization is matched whole, and the phone is what follows the last one. */
function splitParts(value: string, { organizationId, pathAgentId }: ChannelExternalIdContext) {
  if (!value.startsWith(`${organizationId}_`)) return undefined
  const rest = value.slice(organizationId.length + 1)
  const last = rest.lastIndexOf('_')
  const agentId = rest.slice(0, Math.max(last, 0))
  const phone = rest.slice(last + 1)
  const isWhole = agentId !== '' && phone !== '' && (agentId === pathAgentId || !/^_|_$/.test(agentId))
  return isWhole ? { agentId, phone } : undefined
}
