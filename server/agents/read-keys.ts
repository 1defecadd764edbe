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
  /** On WhatsApp: that which names the conversation, unless something else does, and those that are paired with it. */
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
  const isWhatsApp = context.channel === 'whatsapp'
  if (!outside.address && !isWhatsApp) return named
  const { address: visitor, refused } = readVisitor(context, outside.address)
  const [address, ...others] = [outside.address, visitor, findContactPhone(context)].filter((one) => one !== undefined)
  if (!address) return withoutAddress(named, refused)
  const isNamedByAddress = outside.address !== undefined || named.keys.length === 0
  const pairs = isWhatsApp && isNamedByAddress ? findPairs(address, others) : []
  const agentId = outside.address?.agentId ?? context.pathAgentId
  return {
    keys: named.keys.length > 0 ? named.keys : [toKey(address, agentId)],
    pairedKeys: pairs.map((pair) => toKey(pair, agentId)),
    addresses: [address, ...pairs],
    visitorAddress: isNamedByAddress ? undefined : visitor,
    warnings: [...named.warnings, ...warnOfOthers(address, others)],
  }
}

/** On WhatsApp, where nothing shows an address. */
function withoutAddress(named: ReadKeys, refused: Refused | undefined): ReadKeys {
  if (named.keys.length > 0) return named
  if (refused) throw refuseId('visitorId', refused)
  return { ...named, warnings: [...named.warnings, noAddress] }
}

/** Addresses of other kinds: an id that WhatsApp shows in place of a number, beside the number. */
function findPairs(address: NewIdentity, others: readonly Address[]): Address[] {
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
type OutsideAddress = Address & { agentId: string }

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

/** Of WhatsApp. */
type Address = NewIdentity & Pick<ConversationKey, 'field'>

/** On WhatsApp: the address in `visitorId`. Nearly always it is plainly the one that is known, and need not be read. */
function readVisitor(
  { visitorId, defaultCountry }: KeysContext, known: Address | undefined,
): { address?: Address, refused?: Refused } {
  if (visitorId === undefined || visitorId === known?.value.slice(1)) return {}
  const parsed = parseWhatsAppAddress(visitorId, { defaultCountry })
  return parsed.ok ? { address: toIdentity(parsed, visitorId, 'visitorId') } : { refused: parsed }
}

/** On WhatsApp: the address in `contact.phoneNumber`. */
function findContactPhone({ identities }: KeysContext): Address | undefined {
  return identities.find((identity): identity is Address => identity.field === 'contact.phoneNumber')
}

function toKey(address: Address, agentId: string): ConversationKey {
  return { kind: 'whatsapp', value: whatsAppConversationKey(agentId, address), field: address.field, agentId }
}

function toIdentity<Field extends string>(
  { kind, value, aliases }: WhatsAppAddress, raw: string, field: Field,
): NewIdentity & { field: Field } {
  return { kind, value, raw, field, hints: aliases }
}
