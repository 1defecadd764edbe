import type { MessageInput } from '@hilo/contract'
import { parseEmail, parseUserId } from '../contacts/parse-identity.ts'
import { parsePhone } from '../contacts/parse-phone.ts'
import { parseWhatsAppAddress } from '../contacts/parse-whatsapp-address.ts'
import { findPlaceholder } from '../conversations/find-placeholder.ts'
import { quote } from '../conversations/refusal.ts'
import type { NewIdentity, NewMessage, Warning } from '../messages/new-message.ts'
import { accept, readId, refuseId } from './read-id.ts'

export interface ContactContext {
  channel: string
  defaultCountry: string | undefined
}

type Names = Pick<NewMessage['contact'], 'firstName' | 'lastName'>

interface Read {
  contact: NewMessage['contact']
  warnings: Warning[]
}

/** Reads whom a message concerns: ids in canonical form, in the order of precedence (user id, e-mail, phone). */
export function readContact({ contactId, contact }: MessageInput, context: ContactContext): Read {
  const identities: NewIdentity[] = []
  const warnings: Warning[] = []
  const userId = accept('contact.userId', parseUserId(contact?.userId))
  if (userId !== undefined) {
    identities.push({ kind: 'user_id', value: userId, raw: String(contact?.userId), field: 'contact.userId' })
  }
  const email = accept('contact.email', parseEmail(contact?.email))
  if (email !== undefined) {
    identities.push({ kind: 'email', value: email, raw: String(contact?.email), field: 'contact.email' })
  }
  const phone = readPhone(contact?.phoneNumber, context)
  if (phone && 'kind' in phone) identities.push(phone)
  if (phone && 'code' in phone) warnings.push(phone)
  const names = readNames(contact)
  return {
    contact: { contactId: readId('contactId', contactId), identities, ...names.read },
    warnings: [...warnings, ...names.warnings],
  }
}

/** Names are filled in once: a placeholder would keep the real one out for good. The message is recorded without it. */
function readNames(contact: MessageInput['contact']): { read: Names, warnings: Warning[] } {
  const read: Names = {}
  const warnings: Warning[] = []
  for (const part of ['firstName', 'lastName'] as const) {
    const name = contact?.[part]?.trim() ?? ''
    if (findPlaceholder(name) === undefined) read[part] = name || undefined
    else warnings.push(describeUnfilled(`contact.${part}`, name))
  }
  return { read, warnings }
}

function describeUnfilled(field: string, name: string): Warning {
  const message = `${field} ${quote(name)} is a placeholder that the calling flow did not fill in. It was not stored.`
  return { code: 'NAME_NOT_READ', message, field }
}

/**
 * On WhatsApp the number is an address: one that cannot be read is refused. Elsewhere it is a note about the customer,
 * which in CRMs may be anything: the message counts more, so it is recorded without it, with a warning.
 */
function readPhone(
  raw: string | number | null | undefined, context: ContactContext,
): NewIdentity | Warning | undefined {
  const field = 'contact.phoneNumber'
  const text = String(raw ?? '').trim()
  if (text === '') return undefined
  if (context.channel === 'whatsapp') {
    const address = parseWhatsAppAddress(text, context)
    if (!address.ok) throw refuseId(field, address)
    return { kind: address.kind, value: address.value, raw: text, field, hints: address.aliases }
  }
  const phone = parsePhone(text, { defaultCountry: context.defaultCountry, whatsapp: false })
  if (phone.ok) return { kind: 'phone', value: phone.e164, raw: text, field, hints: phone.aliases }
  if (findPlaceholder(text) !== undefined) throw refuseId(field, phone)
  return { code: 'PHONE_NOT_READ', message: `${phone.reason} It was not stored.`, field }
}
