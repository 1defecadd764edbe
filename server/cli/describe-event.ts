import type { Event } from '@hilo/contract'
import { toPrintable } from './printable.ts'

/** Characters of a message that a line shows. */
const excerpt = 60

/** An event in one line for people: number, time, type, what it is about. */
export function describeEvent(event: Event): string {
  const about = [describePlace(event), describeMessage(event)].filter(Boolean)
  return [String(event.seq).padStart(6), event.timestamp, event.type.padEnd(27), ...about].join('  ').trimEnd()
}

function describePlace({ data }: Event): string {
  if ('conversationId' in data) return `conversation ${data.conversationId}`
  return 'contactId' in data ? `contact ${data.contactId}` : ''
}

function describeMessage({ data }: Event): string {
  if (!('message' in data) || !data.message) return ''
  const { author, text } = data.message
  const line = [...onOneLine(text)]
  const shown = line.length > excerpt ? `${line.slice(0, excerpt - 1).join('')}…` : line.join('')
  return toPrintable(`${onOneLine(author.name ?? author.kind)}: ${shown}`)
}

const onOneLine = (text: string) => text.replace(/\s+/g, ' ').trim()
