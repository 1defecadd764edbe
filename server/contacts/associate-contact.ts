import { addressOf } from '../conversations/conversation-key.ts'
import type { ResolvedConversation } from '../conversations/resolve-conversation.ts'
import { keyOf } from '../database/key-of.ts'
import { HiloError } from '../errors.ts'
import type { ConversationKey, NewIdentity, NewMessage, Warning } from '../messages/new-message.ts'
import { type ContactSet, type ContactState, createContactState, findContact } from './contact-set.ts'
import { describeHint } from './propose-hinted.ts'

/** The decision about one message; nothing is changed by it yet. */
export interface AssociatedContact {
  /** Undefined: nothing names one. */
  contact: ContactState | undefined
  /** Field that decided; absent where nothing names a contact. */
  decidedBy?: string
  newIdentities: NewIdentity[]
  /** Names that the contact lacks and the message has. */
  names: { firstName?: string, lastName?: string }
  /** Contacts that other keys of the same message name. */
  conflicts: { contact: ContactState, field: string }[]
  /** Contacts with another writing of a phone that this one gains, and the reason for people. */
  hinted: { contact: ContactState, field: string, reason: string }[]
  warnings: Warning[]
}

const nobody = { contact: undefined, newIdentities: [], names: {}, conflicts: [], hinted: [] }

type Resolved = Pick<ResolvedConversation, 'conversation' | 'refused'>

interface Match {
  contact: ContactState
  field: string
}

/**
 * Decides whom a message concerns: `contactId`, then each identity in the order of precedence, then the
 * conversation's contact; a new contact where the message has an identity that nobody has.
 * @throws HiloError NOT_FOUND if `contactId` is not in the organization.
 */
export function associateContact(
  set: ContactSet, message: NewMessage, resolved: Resolved,
): AssociatedContact {
  const { matches, strangers } = findMatches(set, message, resolved)
  const [best] = matches
  const unknown = message.contact.identities.filter((identity) => (
    !isRefused(resolved, identity) && !findByIdentity(set, message, identity)
  ))
  const contact = best?.contact ?? (unknown.length > 0 ? createContactState(message.organizationId) : undefined)
  if (!contact) return { ...nobody, warnings: warnOfNames(message) }
  const { newIdentities, warnings } = chooseIdentities(contact, unknown, message.keys)
  const conflicts = findConflicts(contact, [...matches, ...strangers])
  const hinted = findHinted(set, contact, newIdentities)
  return {
    contact,
    decidedBy: best?.field ?? unknown[0]!.field,
    newIdentities,
    names: missingNames(contact, message),
    conflicts,
    hinted,
    warnings: [
      ...warnings, ...hinted.map(describeHinted),
      ...conflicts.map((one) => (strangers.includes(one) ? describeStranger(one) : describeConflict(best!, one))),
    ],
  }
}

function findByIdentity(set: ContactSet, message: NewMessage, { kind, value }: NewIdentity): ContactState | undefined {
  return set.byIdentity.get(keyOf(message.organizationId, kind, value))
}

/** An address that is not the conversation's says nothing of its contact. */
function isRefused({ refused }: Resolved, { field }: NewIdentity): boolean {
  return refused.some((one) => one === field)
}

/** Everybody whom the message names, in the order of precedence, and those who may be somebody else. */
function findMatches(
  set: ContactSet, message: NewMessage, resolved: Resolved,
): { matches: Match[], strangers: Match[] } {
  const { organizationId, contact: { contactId, identities } } = message
  const matches: Match[] = []
  const strangers: Match[] = []
  if (contactId !== undefined) {
    const contact = findContact(set, organizationId, contactId)
    if (!contact) {
      throw new HiloError('NOT_FOUND', `No contact "${contactId}" in this organization.`, {
        field: 'contactId', hint: 'Leave contactId out to have the contact found or created by its e-mail, phone or userId.',
      })
    }
    matches.push({ contact, field: 'contactId' })
  }
  for (const identity of identities) {
    const contact = findByIdentity(set, message, identity)
    if (!contact) continue
    const isStranger = isRefused(resolved, identity)
      || (isNote(message, identity) && isSomebodyElse(set, message, contact))
    ;(isStranger ? strangers : matches).push({ contact, field: identity.field })
  }
  const { contactId: ofConversationId } = resolved.conversation
  const ofConversation = ofConversationId && findContact(set, organizationId, ofConversationId)
  if (ofConversation) matches.push({ contact: ofConversation, field: 'conversation' })
  return { matches, strangers }
}

/** Ids by which WhatsApp tells people apart who hide their number, or share one. */
const whatsAppIds = new Set<string>(['lid', 'whatsapp_user'] satisfies NewIdentity['kind'][])

/** An address that does not name the conversation. */
function isNote({ keys }: NewMessage, { kind, value }: NewIdentity): boolean {
  return (kind === 'phone' || whatsAppIds.has(kind)) && !keys.some((key) => addressOf(key) === value)
}

/** WhatsApp knows the contact by another id than the one in the message: an address beside it never joins the two. */
function isSomebodyElse(set: ContactSet, message: NewMessage, contact: ContactState): boolean {
  const others = message.contact.identities.filter((identity) => findByIdentity(set, message, identity) !== contact)
  return others.some(({ kind }) => whatsAppIds.has(kind) && contact.kinds.has(kind))
}

/**
 * Identities that nobody has are added to the contact. It keeps the e-mail, phone and user id that it has: those are
 * filled in, not replaced. An address that names the conversation is certain, and may be its second.
 */
function chooseIdentities(
  contact: ContactState, unknown: NewIdentity[], keys: readonly ConversationKey[],
): { newIdentities: NewIdentity[], warnings: Warning[] } {
  const kinds = new Set(contact.kinds)
  const newIdentities: NewIdentity[] = []
  const warnings: Warning[] = []
  for (const identity of unknown) {
    const isCertain = !identity.field.startsWith('contact.') && keys.some(({ field }) => field === identity.field)
    if (kinds.has(identity.kind) && !isCertain) {
      warnings.push({
        code: 'CONTACT_KEY_DIFFERS',
        message: `Contact ${contact.id} has another ${kindNames[identity.kind]} already; ${identity.field} of this ` +
          'message was not stored.',
        field: identity.field,
      })
    } else {
      kinds.add(identity.kind)
      newIdentities.push(identity)
    }
  }
  return { newIdentities, warnings }
}

const kindNames = {
  user_id: 'user id', email: 'e-mail address', phone: 'phone', whatsapp_user: 'user id of WhatsApp', lid: 'LID',
} satisfies Record<NewIdentity['kind'], string>

function missingNames(contact: ContactState, { contact: { firstName, lastName } }: NewMessage): AssociatedContact['names'] {
  return {
    ...(contact.firstName === null && firstName !== undefined ? { firstName } : {}),
    ...(contact.lastName === null && lastName !== undefined ? { lastName } : {}),
  }
}

function findConflicts(contact: ContactState, matches: Match[]): Match[] {
  const others = new Map<string, Match>()
  for (const match of matches) {
    if (match.contact !== contact && !others.has(match.contact.id)) others.set(match.contact.id, match)
  }
  return [...others.values()]
}

function findHinted(
  set: ContactSet, contact: ContactState, newIdentities: readonly NewIdentity[],
): AssociatedContact['hinted'] {
  return newIdentities.flatMap(({ field, value, hints = [] }) => hints.flatMap((hint) => {
    const other = set.byIdentity.get(keyOf(contact.organizationId, 'phone', hint))
    return other && other !== contact ? [{ contact: other, field, reason: describeHint(value, hint) }] : []
  }))
}

function describeHinted({ contact, field, reason }: AssociatedContact['hinted'][number]): Warning {
  return {
    code: 'CONTACT_MAY_EXIST',
    message: `${reason}, and contact ${contact.id} has the second one: a merge of the two is proposed.`,
    field,
  }
}

function describeConflict(best: Match, other: Match): Warning {
  return {
    code: 'CONTACT_CONFLICT',
    message: `${nameField(best)} names contact ${best.contact.id}, but ${nameField(other)} names contact ` +
      `${other.contact.id}. The first was used; a merge of the two is proposed.`,
    field: other.field,
  }
}

function describeStranger({ contact, field }: Match): Warning {
  return {
    code: 'CONTACT_CONFLICT',
    message: `${field} names contact ${contact.id}, which may be another customer. It was not used; a merge of the two is ` +
      'proposed.',
    field,
  }
}

function nameField({ field }: Match): string {
  return field === 'conversation' ? 'the conversation' : field
}

function warnOfNames({ contact: { firstName, lastName } }: NewMessage): Warning[] {
  if (firstName === undefined && lastName === undefined) return []
  return [{
    code: 'CONTACT_WITHOUT_KEY',
    message: 'The contact has a name but no e-mail, phone number or userId to find it by: it was not stored.',
    field: 'contact',
  }]
}
