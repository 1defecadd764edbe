import type { WhatsAppAddress } from '../contacts/parse-whatsapp-address.ts'

/** The canonical key of a WhatsApp conversation: one per agent and person, however the phone was written. */
export function whatsAppConversationKey(agentId: string, address: Pick<WhatsAppAddress, 'value'>): string {
  return `${agentId}_${address.value}`
}

/** The canonical key of a conversation that another platform names; such names are unique within their channel only. */
export function channelConversationKey(channel: string, value: string): string {
  return `${channel}:${value}`
}
