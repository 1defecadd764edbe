import type { MessagePage } from '@hilo/contract'
import { sql } from 'kysely'
import { isListed } from '../database/is-listed.ts'
import type { Transaction } from '../database/schema.ts'
import { cursorTime, readCursor, writeCursor } from '../http/cursor.ts'
import { type MessageRow, presentMessage } from './present-message.ts'

export interface MessageListing {
  organizationId: string
  /** The conversation's own id. */
  conversationId: string
  order?: 'desc' | 'asc'
  limit?: number
  cursor?: string
  includeDrafts?: boolean
}

/** What a cursor says: the messages on one side of a place in time, those nearest to it first. */
interface Place {
  side: Side
  occurredAt: string
  seq: number
}

type Side = 'older' | 'newer'
type Row = MessageRow & { position: string }

const otherSide = { older: 'newer', newer: 'older' } as const

/**
 * A page of a conversation's messages by `occurred_at`, then `seq`; what was backdated stands in its place.
 * @throws HiloError INVALID_REQUEST for a broken cursor.
 */
export async function listMessages(tx: Transaction, listing: MessageListing): Promise<MessagePage> {
  const { order = 'desc', limit = 50 } = listing
  const onward: Side = order === 'desc' ? 'older' : 'newer'
  const place = readPlace(listing.cursor)
  const side = place?.side ?? onward
  const found = await read(tx, listing, { place, side, limit: limit + 1 })
  const page = found.slice(0, limit)
  if (side !== onward) page.reverse()
  const isEnd = side === onward && found.length <= limit
  return {
    items: page.map(presentMessage),
    nextCursor: isEnd ? null : writePlace(page.at(-1), onward) ?? null,
    previousCursor: writePlace(page[0], otherSide[onward]) ?? (side === onward ? null : listing.cursor ?? null),
  }
}

/** The rows on one side of a place, nearest first: a range of the index `messages_by_time`, read either way. */
function read(
  tx: Transaction,
  { organizationId, conversationId, includeDrafts = true }: MessageListing,
  { place, side, limit }: { place: Place | undefined, side: Side, limit: number },
): Promise<Row[]> {
  const direction = side === 'older' ? 'desc' : 'asc'
  const compare = side === 'older' ? sql`<` : sql`>`
  return tx.selectFrom('messages').selectAll().select(cursorTime('occurred_at').as('position'))
    .where('organization_id', '=', organizationId).where('conversation_id', '=', conversationId)
    .where(isListed('occurred_at'))
    .$if(!includeDrafts, (rows) => rows.where('is_draft', '=', false))
    .$if(place !== undefined, (rows) => rows.where(
      sql<boolean>`(occurred_at, seq) ${compare} (${place!.occurredAt}::timestamptz, ${place!.seq}::integer)`,
    ))
    .orderBy('occurred_at', direction).orderBy('seq', direction).limit(limit).execute()
}

function readPlace(cursor: string | undefined): Place | undefined {
  const values = readCursor(cursor, ['side', 'time', 'integer'])
  return values && { side: values[0], occurredAt: values[1], seq: values[2] }
}

function writePlace(row: Row | undefined, side: Side): string | undefined {
  return row && writeCursor([side, row.position, row.seq])
}
