import type { MessageInput } from '@hilo/contract'
import { parseWhatsAppAddress, type WhatsAppAddress } from '../contacts/parse-whatsapp-address.ts'
import { phonesDiffer } from '../contacts/phones-differ.ts'
import { whatsAppConversationKey } from '../conversations/conversation-key.ts'
import { parseChannelExternalId } from '../conversations/parse-channel-external-id.ts'
import { parseConversationId } from '../conversations/parse-conversation-id.ts'
import type { Refused } from '../conversations/refusal.ts'
import type { ConversationKey, NewIdentity, Warning } from '../messages/new-message.ts'
import { refuseId } from './read-id.ts'

export interface KeysContext {
  organizationId: string
  pathAgentId: string
  channel: string
  defaultCountry: string | undefined
  visitorId: string | undefined
  /** What `contact` named. */
  identities: readonly NewIdentity[]
}

/** The keys of a message, in the order of precedence, and the addresses of the customer that it shows. */
export interface ReadKeys {
  keys: ConversationKey[]
  /** Of the addresses beside the first. */
  pairedKeys: ConversationKey[]
  /** On WhatsApp, beside those in `contact`. The first names the conversation, unless something else does. */
  addresses: NewIdentity[]
  /** On WhatsApp, what `visitorId` is where something else names the conversation: a phone must be that customer's. */
  visitorAddress?: NewIdentity
  warnings: Warning[]
}

/**
 * Reads what names the conversation: `channelExternalId`, then `conversationId`; on WhatsApp, where the visitor is the
 * address, without both of them the phone in `visitorId` or `contact.phoneNumber`.
 */
export function readKeys(input: MessageInput, context: KeysContext): ReadKeys {
  const outside = readChannelExternalId(input.channelExternalId, context)
  const own = readConversationId(input.conversationId)
  const named: ReadKeys = {
    keys: [...outside.keys, ...own.keys], pairedKeys: [], addresses: [],
    warnings: [...outside.warnings, ...own.warnings],
  }
  if (outside.address) return { ...named, ...readBeside(outside.address, named.warnings, context) }
  return context.channel === 'whatsapp' ? readAddress(named, context) : named
}

/** Beside a `channelExternalId` of WhatsApp. */
function readBeside(
  address: OutsideAddress, noticed: readonly Warning[], context: KeysContext,
): Pick<ReadKeys, 'addresses' | 'pairedKeys' | 'warnings'> {
  // Nearly always the visitor is plainly the address, and need not be read.
  const isVisitor = context.visitorId === address.value.slice(1)
  const others = [isVisitor ? undefined : readVisitor(context).address, findContactPhone(context)]
    .filter((other) => other !== undefined)
  const pairs = context.channel === 'whatsapp' ? findPairs(address, others) : []
  return {
    addresses: [address, ...pairs],
    pairedKeys: pairs.map((pair) => toKey(pair, address.agentId)),
    warnings: [...noticed, ...warnOfOthers(address, others)],
  }
}

/** On WhatsApp, where no `channelExternalId` shows an address. */
function readAddress(named: ReadKeys, context: KeysContext): ReadKeys {
  const { address: visitorAddress, refused } = readVisitor(context)
  const ofContact = findContactPhone(context)
  const address = visitorAddress ?? ofContact
  if (!address) {
    if (named.keys.length > 0) return named
    if (refused) throw refuseId('visitorId', refused)
    return { ...named, warnings: [...named.warnings, noAddress] }
  }
  const others = ofContact ? [ofContact] : []
  const warnings = [...named.warnings, ...warnOfOthers(address, others)]
  if (named.keys.length > 0) return { ...named, addresses: [address], warnings, visitorAddress }
  const [key, ...pairedKeys] = [address, ...findPairs(address, others)].map((one) => toKey(one, context.pathAgentId))
  return { keys: [key!], pairedKeys, addresses: [address], warnings }
}

/** Addresses of other kinds: an id that WhatsApp shows in place of a number, beside the number. */
function findPairs(address: NewIdentity, others: readonly VisitorAddress[]): VisitorAddress[] {
  const kinds = new Set([address.kind])
  return others.filter(({ kind }) => !kinds.has(kind) && kinds.add(kind))
}

const noAddress: Warning = {
  code: 'NO_ADDRESS',
  message: 'A WhatsApp message without channelExternalId, conversationId, or a phone in visitorId or ' +
    'contact.phoneNumber opens a new conversation each time.',
}

/** Several phones in one WhatsApp message may be two customers': a flow may fill in a wrong one. */
function warnOfOthers(address: NewIdentity, others: readonly NewIdentity[]): Warning[] {
  return others.filter((other) => phonesDiffer(address, other)).map((other) => ({
    code: 'PHONES_DIFFER',
    message: `${other.field} is ${other.value}, but ${address.field} names ${address.value}: if they are not one ` +
      'customer\'s, the flow fills in a wrong one.',
    field: other.field,
  }))
}

type Named = Pick<ReadKeys, 'keys' | 'warnings'>

/** In a `channelExternalId`, with the agent that it names. */
type OutsideAddress = NewIdentity & { agentId: string }

function readChannelExternalId(
  raw: MessageInput['channelExternalId'], context: KeysContext,
): Named & { address?: OutsideAddress } {
  const parsed = parseChannelExternalId(raw, context)
  if (!parsed.ok) throw refuseId('channelExternalId', parsed)
  const field = 'channelExternalId'
  if (parsed.kind === 'absent') return { keys: [], warnings: [] }
  if (parsed.kind === 'free') return { keys: [{ kind: 'channel_external_id', value: parsed.key, field }], warnings: [] }
  return {
    keys: [{ kind: 'whatsapp', value: parsed.key, field, agentId: parsed.agentId }],
    address: { ...toIdentity(parsed.address, String(raw), field), agentId: parsed.agentId },
    warnings: parsed.warning ? [{ code: 'READ_AS_WHATSAPP', message: parsed.warning, field }] : [],
  }
}

function readConversationId(raw: MessageInput['conversationId']): Named {
  const parsed = parseConversationId(raw)
  const field = 'conversationId'
  if (!parsed.ok) throw refuseId(field, parsed)
  if (parsed.kind === 'absent') return { keys: [], warnings: [] }
  const warning = parsed.kind === 'free' ? parsed.warning : undefined
  return {
    keys: [{ kind: 'conversation_id', value: parsed.value, field }],
    warnings: warning ? [{ code: 'BARE_CHATWOOT_NUMBER', message: warning, field }] : [],
  }
}

type VisitorAddress = NewIdentity & { field: 'visitorId' | 'contact.phoneNumber' }

/** On WhatsApp: the address in `visitorId`. */
function readVisitor({ visitorId, defaultCountry }: KeysContext): { address?: VisitorAddress, refused?: Refused } {
  if (visitorId === undefined) return {}
  const parsed = parseWhatsAppAddress(visitorId, { defaultCountry })
  return parsed.ok ? { address: toIdentity(parsed, visitorId, 'visitorId') } : { refused: parsed }
}

/** On WhatsApp: the address in `contact.phoneNumber`. */
function findContactPhone({ identities }: KeysContext): VisitorAddress | undefined {
  return identities.find((identity): identity is VisitorAddress => identity.field === 'contact.phoneNumber')
}

function toKey(address: VisitorAddress, agentId: string): ConversationKey {
  return { kind: 'whatsapp', value: whatsAppConversationKey(agentId, address), field: address.field, agentId }
}

function toIdentity<Field extends string>(
  { kind, value, aliases }: WhatsAppAddress, raw: string, field: Field,
): NewIdentity & { field: Field } {
  return { kind, value, raw, field, hints: aliases }
}
