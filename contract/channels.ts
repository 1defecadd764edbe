/** Where a conversation takes place: the complete list of the API. */
export const channels = [
  'api', 'dashboard', 'website', 'form', 'whatsapp', 'telegram', 'slack', 'meta', 'crisp', 'zapier', 'mail',
  'mercadolibre', 'agent_builder', 'chatwoot', 'crmchatsappai',
] as const

export type Channel = (typeof channels)[number]
