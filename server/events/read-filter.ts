import { type EventType, eventTypes } from '@hilo/contract'
import { accessConversation } from '../conversations/access-conversation.ts'
import type { Transaction } from '../database/schema.ts'
import { HiloError } from '../errors.ts'
import type { EventFilter } from './read-events.ts'

const known = new Set<string>(eventTypes)

function readTypes(texts: readonly string[]): EventType[] {
  const types = texts.flatMap((text) => text.split(',')).map((type) => type.trim()).filter(Boolean)
  const unknown = types.find((type) => !known.has(type))
  if (unknown !== undefined) {
    throw new HiloError('INVALID_REQUEST', `types names "${unknown}", which is no type of event.`, {
      field: 'types', hint: `Separate them by commas: ${eventTypes.join(', ')}.`,
    })
  }
  return types as EventType[]
}

/**
 * The filters of a query string; an empty one counts as none.
 * @throws HiloError INVALID_REQUEST for an unknown type, NOT_FOUND for a conversation that is not in the organization.
 */
export async function readFilter(
  tx: Transaction, organizationId: string, query: { types?: string[], conversationId?: string },
): Promise<EventFilter> {
  const types = readTypes(query.types ?? [])
  const { conversationId: id } = query
  const conversation = id ? await accessConversation(tx, organizationId, { id, field: 'conversationId' }) : undefined
  return { ...(types.length > 0 && { types }), ...(conversation && { conversationId: conversation.id }) }
}

/** Whether an event passes; the same decision as `readEvents` makes in the database. */
export function passes(
  event: { type: EventType, conversationId: string | null }, { types, conversationId }: EventFilter,
): boolean {
  return (types === undefined || types.includes(event.type))
    && (conversationId === undefined || event.conversationId === conversationId)
}
