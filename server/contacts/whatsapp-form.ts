/** What the form of a value says about it, before its digits are looked at. */
export type WhatsAppForm =
  | { form: 'phone', digits: string }
  | { form: 'lid' | 'whatsapp_user', value: string }
  | { form: 'other', what: string }

const userOfJid = /^(\d+)(?:_\d+)?(?::\d+)?$/ // agent and device suffixes: 5491123456789:75
const businessScopedUserId = /^[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}$/
const phoneServers = new Set(['s.whatsapp.net', 'c.us'])
const otherServers: Record<string, string> = {
  'g.us': 'a WhatsApp group',
  'broadcast': 'a WhatsApp broadcast list',
  'newsletter': 'a WhatsApp channel (newsletter)',
}

/**
 * Recognises WhatsApp's own writings by their form: JIDs (`5491123456789:75@s.whatsapp.net`), LIDs, business-scoped
 * user ids (`US.13491208655302741918`), groups, broadcasts. `undefined`: none of them, perhaps a phone number.
 */
export function readWhatsAppForm(text: string): WhatsAppForm | undefined {
  const at = text.indexOf('@')
  if (at < 0) return businessScopedUserId.test(text) ? { form: 'whatsapp_user', value: text } : undefined
  const server = text.slice(at + 1).toLowerCase()
  if (text === 'status@broadcast') return { form: 'other', what: 'WhatsApp\'s status feed' }
  if (Object.hasOwn(otherServers, server)) return { form: 'other', what: otherServers[server] ?? server }
  const digits = userOfJid.exec(text.slice(0, at))?.[1]
  if (digits === undefined) return undefined
  if (phoneServers.has(server)) return { form: 'phone', digits }
  return server === 'lid' ? { form: 'lid', value: `${digits}@lid` } : undefined
}
