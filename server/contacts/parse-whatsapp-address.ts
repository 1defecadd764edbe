import { quote, refuse, type Refused } from '../conversations/refusal.ts'
import { parsePhone } from './parse-phone.ts'
import { readWhatsAppForm } from './whatsapp-form.ts'

/**
 * Who is at the other end of a WhatsApp conversation; `value` is canonical. `phone`: E.164. `whatsapp_user`: the
 * business-scoped user id as Meta writes it. `lid`: `76201477542116@lid`, without a device suffix.
 */
export interface WhatsAppAddress {
  ok: true
  kind: 'phone' | 'whatsapp_user' | 'lid'
  value: string
  /** Other phones (E.164) that hint at the same person. */
  aliases?: string[]
}

/** Reads a person's WhatsApp address. Groups, broadcasts and all that is no phone are refused with the reason. */
export function parseWhatsAppAddress(
  raw: unknown,
  { defaultCountry }: { defaultCountry?: string } = {},
): WhatsAppAddress | Refused {
  const form = typeof raw === 'string' ? readWhatsAppForm(raw.trim()) : undefined
  if (form?.form === 'other') return refuse(`${quote(String(raw))} is no person on WhatsApp: it is ${form.what}.`)
  if (form && form.form !== 'phone') return { ok: true, kind: form.form, value: form.value }
  const phone = parsePhone(raw, { defaultCountry, whatsapp: true })
  if (!phone.ok) return phone
  const address = { ok: true as const, kind: 'phone' as const, value: phone.e164 }
  return phone.aliases ? { ...address, aliases: phone.aliases } : address
}
