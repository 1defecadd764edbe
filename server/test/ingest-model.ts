/** A message as the model takes it: ids of a few customers, so that they meet often. */
export interface Said {
  query: string
  conversationId?: string
  /** On the channel telegram. */
  channelExternalId?: string
  userId?: string
  email?: string
  firstName?: string
  externalId?: string
}

interface Contact {
  /** `kind value`. */
  identities: Set<string>
  firstName?: string
}

interface Conversation {
  keys: Set<string>
  contact?: Contact
  texts: string[]
}

/** What Hilo promises, in memory and as simple as can be. */
export interface Model {
  conversations: Conversation[]
  contacts: Contact[]
  /** Texts that were recorded, by external id. */
  externalIds: Map<string, string>
}

export type Verdict = 'recorded' | 'repeat' | 'mismatch'

export function createModel(): Model {
  return { conversations: [], contacts: [], externalIds: new Map() }
}

const addressOf = ({ keys }: Conversation) => [...keys].find((key) => key.startsWith('channelExternalId'))
const kindOf = (identity: string) => identity.split(' ')[0]!

function list(fields: Record<string, string | undefined>): string[] {
  return Object.entries(fields).flatMap(([kind, value]) => (value === undefined ? [] : [`${kind} ${value}`]))
}

/** The conversation that a message belongs to; undefined: its keys contradict each other. */
function resolve(model: Model, keys: string[]): Conversation | undefined {
  const named = new Set(keys.flatMap((key) => model.conversations.find((one) => one.keys.has(key)) ?? []))
  if (named.size > 1) return undefined
  const [conversation = { keys: new Set<string>(), texts: [] }] = named
  const address = addressOf(conversation)
  const isOther = address !== undefined && keys.some((key) => key.startsWith('channelExternalId') && key !== address)
  return isOther ? undefined : conversation
}

function associate(model: Model, said: Said, conversation: Conversation): void {
  const identities = list({ user_id: said.userId, email: said.email })
  const owners = identities.map((identity) => model.contacts.find((one) => one.identities.has(identity)))
  const unknown = identities.filter((_, index) => !owners[index])
  const known = owners.find((owner) => owner) ?? conversation.contact
  if (!known && unknown.length === 0) return
  const contact: Contact = known ?? { identities: new Set() }
  if (!known) model.contacts.push(contact)
  for (const identity of unknown) {
    const hasKind = [...contact.identities].some((one) => kindOf(one) === kindOf(identity))
    if (!hasKind) contact.identities.add(identity)
  }
  contact.firstName ??= said.firstName
  conversation.contact ??= contact
}

/** Takes one message after the other. */
export function say(model: Model, said: Said): Verdict {
  if (said.externalId !== undefined && model.externalIds.has(said.externalId)) return 'repeat'
  const keys = list({ channelExternalId: said.channelExternalId, conversationId: said.conversationId })
  const conversation = resolve(model, keys)
  if (!conversation) return 'mismatch'
  if (!model.conversations.includes(conversation)) model.conversations.push(conversation)
  for (const key of keys) conversation.keys.add(key)
  associate(model, said, conversation)
  conversation.texts.push(said.query)
  if (said.externalId !== undefined) model.externalIds.set(said.externalId, said.query)
  return 'recorded'
}

/** Everything the loser has goes to the winner. */
export function merge(model: Model, winner: Contact, loser: Contact): void {
  for (const identity of loser.identities) winner.identities.add(identity)
  winner.firstName ??= loser.firstName
  for (const conversation of model.conversations) if (conversation.contact === loser) conversation.contact = winner
  model.contacts.splice(model.contacts.indexOf(loser), 1)
}

const describeContact = ({ identities, firstName }: Contact) => `${[...identities].sort().join(', ')} (${firstName ?? '-'})`

/** The whole state in words that do not depend on ids. */
export function describe({ conversations, contacts }: Model): { conversations: string[], contacts: string[] } {
  return {
    contacts: contacts.map(describeContact).sort(),
    conversations: conversations.map(({ keys, contact, texts }) => (
      `${texts.join(' ')} | ${[...keys].sort().join(', ')} | ${contact ? describeContact(contact) : '-'}`
    )).sort(),
  }
}
