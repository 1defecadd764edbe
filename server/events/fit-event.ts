import type { Contact, Conversation, Event, Message } from '@hilo/contract'

/** Bytes of an event as JSON. */
const maxBytes = 20_000

/** What may be large in an event, whatever its type. */
interface Large {
  message?: Partial<Message> | null
  conversation?: Partial<Conversation> | null
  contact?: Partial<Contact> | null
  truncated?: { fields: string[], url: string }
}

interface Ids {
  messageId?: string
  conversationId?: string
  contactId?: string
}

/** What is given up, one after the other, until the event fits; a whole object is never dropped. */
const cuts: [subject: 'message' | 'conversation' | 'contact', field: string, keep: number][] = [
  ['message', 'text', 4000],
  ['message', 'metadata', 0],
  ['message', 'attachments', 2],
  ['conversation', 'metadata', 0],
  ['conversation', 'conversationIds', 5],
  ['conversation', 'keys', 5],
  ['contact', 'metadata', 0],
  ['contact', 'identities', 10],
  ['message', 'text', 1000],
  ['message', 'attachments', 0],
  // Where ids, names and reasons are as long as they may be, in letters of several bytes:
  ['contact', 'identities', 3],
  ['conversation', 'conversationIds', 0],
  ['conversation', 'keys', 0],
]

function isLarge(event: Event): boolean {
  return Buffer.byteLength(JSON.stringify(event)) > maxBytes
}

/** An event of at most 20 KB: long texts and lists are cut, and it says which, and where the whole is. */
export function fitEvent(event: Event): Event {
  if (!isLarge(event)) return event
  const data: Large = { ...event.data }
  const fitted = { ...event, data } as Event
  const fields = new Set<string>()
  data.truncated = { fields: [], url: findWhole(event) }
  for (const [subject, field, keep] of cuts) {
    const whole = data[subject] as Record<string, unknown> | null | undefined
    if (!whole || !isLarge(fitted)) continue
    const rest = cut(whole[field], keep)
    if (rest === whole[field]) continue
    Object.assign(data, { [subject]: { ...whole, [field]: rest } })
    data.truncated.fields = [...fields.add(`${subject}.${field}`)]
  }
  return fitted
}

/** The first characters or items; of an object nothing. The same value where it is no longer than that. */
function cut(value: unknown, keep: number): unknown {
  if (typeof value === 'string') return value.length > keep ? cutText(value, keep) : value
  if (Array.isArray(value)) return value.length > keep ? value.slice(0, keep) : value
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0 ? {} : value
}

/** Never between the two halves of a character outside the basic plane. */
function cutText(text: string, keep: number): string {
  const start = text.slice(0, keep)
  return start.isWellFormed() ? start : start.slice(0, -1)
}

/** Path of the API that answers what the event is about as a whole. */
function findWhole({ data }: Event): string {
  const { messageId, conversationId, contactId } = data as Ids
  if (messageId) return `/api/conversations/${conversationId}/messages/${messageId}`
  return conversationId ? `/api/conversations/${conversationId}` : `/api/contacts/${contactId}`
}
