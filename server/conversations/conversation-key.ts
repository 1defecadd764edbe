import type { WhatsAppAddress } from '../contacts/parse-whatsapp-address.ts'

/** The canonical key of a WhatsApp conversation: one per agent and person, however the phone was written. */
export function whatsAppConversationKey(agentId: string, address: Pick<WhatsAppAddress, 'value'>): string {
  return `${agentId}_${address.value}`
}

/** The canonical key of a conversation that another platform names; such names are unique within their channel only. */
export function channelConversationKey(channel: string, value: string): string {
  return `${channel}:${value}`
}

/** What a key names, as a person knows it: of a WhatsApp key the address, without the agent in front. */
export function addressOf({ kind, value }: { kind: string, value: string }): string {
  return kind === 'whatsapp' ? value.slice(value.lastIndexOf('_') + 1) : value
}

/** The kind of an address of WhatsApp in canonical form. */
export function formOfAddress(address: string): WhatsAppAddress['kind'] {
  if (address.startsWith('+')) return 'phone'
  return address.endsWith('@lid') ? 'lid' : 'whatsapp_user'
}
