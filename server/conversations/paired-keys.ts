import type { ConversationKey, NewMessage, Warning } from '../messages/new-message.ts'
import { addressOf, formOfAddress } from './conversation-key.ts'
import {
  type AddressKey, type ConversationSet, type ConversationState, findConversation, listAddresses,
} from './conversation-set.ts'

/** A conversation, and the key that names it. */
export interface Hit {
  key: ConversationKey
  conversation: ConversationState
}

/**
 * For a message whose own keys name no conversation: one that another address of the customer names. One that has
 * another phone, or another id, than the message shows is somebody else's, or the customer's under another number.
 */
export function findPaired(set: ConversationSet, { organizationId, keys, pairedKeys }: NewMessage): Hit | undefined {
  for (const key of pairedKeys) {
    const conversation = findConversation(set, organizationId, key)
    const isFree = conversation && [...keys, ...pairedKeys].every((shown) => !findRival(set, conversation, shown))
    if (isFree) return { key, conversation }
  }
  return undefined
}

/** Whether the message shows an address of the conversation beside this key, and the conversation has none like it. */
export function isShownWith(
  set: ConversationSet, { organizationId, pairedKeys }: NewMessage, { key, conversation }: Hit,
): boolean {
  if (findRival(set, conversation, key)) return false
  return pairedKeys.some((other) => findConversation(set, organizationId, other) === conversation)
}

/** What becomes of a message's paired keys. */
export interface Pairs {
  /** They lead to the conversation from now on. */
  newKeys: ConversationKey[]
  /** Fields whose address is not the conversation's: it may be somebody else's. */
  refused: ConversationKey['field'][]
  warnings: Warning[]
}

/**
 * Which of the customer's other addresses lead to this conversation from now on: those that lead nowhere yet, unless it
 * has one of that form already. A number or an id alone never joins two people.
 */
export function joinPairs(
  set: ConversationSet, { organizationId, pairedKeys }: NewMessage, conversation: ConversationState,
): Pairs {
  const pairs: Pairs = { newKeys: [], refused: [], warnings: [] }
  for (const key of pairedKeys) {
    const known = findConversation(set, organizationId, key)
    if (known === conversation) continue
    const rival = findRival(set, conversation, key)
    if (!known && !rival) {
      pairs.newKeys.push(key)
      continue
    }
    pairs.refused.push(key.field)
    pairs.warnings.push(known ? describeElsewhere(key, known) : describeRival(key, rival!))
  }
  return pairs
}

/** Another address of the same form, such as a second phone, to which the conversation is bound. */
function findRival(
  set: ConversationSet, conversation: ConversationState, key: ConversationKey,
): AddressKey | undefined {
  return listAddresses(set, conversation, key.kind).find((address) => (
    address.value !== key.value && formOfAddress(addressOf(address)) === formOfAddress(addressOf(key))
  ))
}

function describeElsewhere(key: ConversationKey, { id }: ConversationState): Warning {
  return {
    code: 'ADDRESS_LEADS_ELSEWHERE', field: key.field,
    message: `${key.field} "${addressOf(key)}" leads to another conversation, ${id}: what comes with it alone goes there.`,
  }
}

function describeRival(key: ConversationKey, rival: AddressKey): Warning {
  return {
    code: 'ADDRESS_NOT_ATTACHED', field: key.field,
    message: `The conversation belongs to "${addressOf(rival)}" already: ${key.field} "${addressOf(key)}" does not lead to it.`,
  }
}
