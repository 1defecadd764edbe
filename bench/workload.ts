/** An organization with its agent and a key that may do everything. */
export interface Tenant {
  organizationId: string
  agentId: string
  key: string
}

/** Who writes to whom: conversation k belongs to tenant k modulo their number. */
export interface Workload {
  tenants: readonly Tenant[]
  /** How many conversations are written to, from this one on. */
  conversations: number
  firstConversation: number
}

export interface Customer {
  /** WhatsApp's form of the number, without plus. */
  phone: string
  firstName: string
}

const mobilePrefixes = ['549115', '551199', '521551']
const firstNames = ['Ana', 'Bruno', 'Camila', 'Diego', 'Elena', 'Fabio', 'Gabriela', 'Hugo', 'Inés', 'João']

/** The customer of a conversation, with a mobile phone of Argentina, Brazil or Mexico of their own. */
export function customerOf(conversation: number): Customer {
  const prefix = mobilePrefixes[conversation % mobilePrefixes.length]!
  const place = Math.floor(conversation / mobilePrefixes.length)
  // Odd and no multiple of 5, so that each place gets digits of its own.
  const digits = String((place * 7_654_321) % 10_000_000).padStart(7, '0')
  return { phone: prefix + digits, firstName: firstNames[conversation % firstNames.length]! }
}

/** The conversation that message n goes to: scattered, the same in every run. */
export function conversationOf(n: number, { conversations, firstConversation }: Workload): number {
  return firstConversation + scatter(n) % conversations
}

function scatter(n: number): number {
  return Math.imul(n, 0x9e3779b1) >>> 0
}

export function tenantOf(conversation: number, { tenants }: Pick<Workload, 'tenants'>): Tenant {
  return tenants[conversation % tenants.length]!
}

/** The text of message n, different from all others. */
export function textOf(n: number): string {
  return `Hola, tu pedido ${n} ya salió del depósito y llega mañana entre las 9 y las 13 h. ¡Gracias por tu compra!`
}

export interface HttpRequest {
  method: 'GET' | 'POST'
  path: string
  headers: Record<string, string>
  body?: string
}

/** Message n as a flow of n8n sends it. */
export function recordRequest(n: number, workload: Workload): HttpRequest {
  const conversation = conversationOf(n, workload)
  const { organizationId, agentId, key } = tenantOf(conversation, workload)
  const { phone, firstName } = customerOf(conversation)
  return {
    method: 'POST',
    path: `/api/agents/${agentId}/query-agent`,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      query: textOf(n),
      channel: 'whatsapp',
      channelExternalId: `${organizationId}_${agentId}_${phone}`,
      visitorId: phone,
      contact: { phoneNumber: phone, firstName },
      streaming: false,
    }),
  }
}

/** What reading the newest page of a conversation needs. */
export interface ReadTarget {
  conversationId: string
  key: string
}

export function readRequest(n: number, targets: readonly ReadTarget[]): HttpRequest {
  const { conversationId, key } = targets[scatter(n) % targets.length]!
  return {
    method: 'GET',
    path: `/api/conversations/${conversationId}/messages?limit=50`,
    headers: { authorization: `Bearer ${key}` },
  }
}
