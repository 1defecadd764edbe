import Type from 'typebox'

/** Where a conversation takes place: the complete list of the API. */
export const channels = [
  'api', 'dashboard', 'website', 'form', 'whatsapp', 'telegram', 'slack', 'meta', 'crisp', 'zapier', 'mail',
  'mercadolibre', 'agent_builder', 'chatwoot', 'crmchatsappai',
] as const

export type Channel = (typeof channels)[number]

/** A channel in a request; `null` and `""` mean absent. */
export const ChannelInput = (description: string) =>
  Type.Unsafe<string | null>({ enum: [...channels, '', null], description })
