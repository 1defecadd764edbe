import type { Transaction } from '../database/schema.ts'
import { HiloError } from '../errors.ts'
import { type EventFilter, type EventRow, readEvents } from './read-events.ts'

/**
 * Lines of the log that one reading looks through at most: a filter may let none of a million pass. Those of one
 * conversation have an index: only they are looked at, wherever in the log they stand.
 */
const mostLooked = 10_000

/** Where a caller says from which place to read. */
export type PlaceField = 'after' | 'Last-Event-ID'

export interface LogReading {
  organizationId: string
  /** Absent: from the oldest that is kept. */
  after?: number
  /** Where the caller said so. */
  field?: PlaceField
  limit: number
  filter: EventFilter
}

export interface LogPage {
  rows: EventRow[]
  /** Everything up to it has been looked at. */
  nextAfter: number
  hasMore: boolean
  lastSeq: number
}

/**
 * A page of the log. Nothing is ever left out in silence: below `nextAfter` there is no more of what the filter lets
 * through.
 * @throws HiloError EVENTS_REMOVED where the next events are not kept any more, INVALID_REQUEST for a number to come.
 */
export async function readLog(
  tx: Transaction, { organizationId, limit, filter, field = 'after', ...wanted }: LogReading,
): Promise<LogPage> {
  const lastSeq = await readLastSeq(tx, organizationId)
  const after = wanted.after ?? await readFirstSeq(tx, organizationId, lastSeq) - 1
  checkFuture({ after, field }, lastSeq)
  const end = filter.conversationId === undefined ? Math.min(lastSeq, after + mostLooked) : lastSeq
  const found = await readEvents(tx, { organizationId, after, before: end + 1, limit: limit + 1, ...filter })
  // Asked last: what is there now was there while we read.
  const firstSeq = await readFirstSeq(tx, organizationId, lastSeq)
  if (after < firstSeq - 1) throw describeRemoved({ after, field }, firstSeq)
  const rows = found.slice(0, limit)
  const nextAfter = found.length > limit ? rows.at(-1)!.seq : end
  return { rows, nextAfter, hasMore: nextAfter < lastSeq, lastSeq }
}

/** Number of the newest event of an organization; 0 where there is none yet. */
export async function readLastSeq(tx: Transaction, organizationId: string): Promise<number> {
  const row = await tx.selectFrom('event_sequences').select('last_seq')
    .where('organization_id', '=', organizationId).executeTakeFirst()
  return row?.last_seq ?? 0
}

/** Number of the oldest event that is kept; of the next one where none is. */
async function readFirstSeq(tx: Transaction, organizationId: string, lastSeq: number): Promise<number> {
  const row = await tx.selectFrom('events').select('seq')
    .where('organization_id', '=', organizationId).orderBy('seq').limit(1).executeTakeFirst()
  return row?.seq ?? lastSeq + 1
}

interface Place {
  after: number
  field: PlaceField
}

function checkFuture({ after, field }: Place, lastSeq: number): void {
  if (after <= lastSeq) return
  throw new HiloError('INVALID_REQUEST', `${field} is ${after}, but the newest event of this organization is ${lastSeq}.`, {
    field, hint: 'Is it of another organization, or of a database that was put back from a backup? '
      + `Send ${describePlace({ after: lastSeq, field })} to go on from now.`,
  })
}

function describeRemoved({ after, field }: Place, firstSeq: number): HiloError {
  const oldest = describePlace({ after: firstSeq - 1, field })
  return new HiloError('EVENTS_REMOVED', `The events from ${after + 1} to ${firstSeq - 1} are not kept any more.`, {
    field, hint: `Send ${oldest} to go on with the oldest that is kept; what you missed of the rest, read from the `
      + 'conversations and contacts (updatedSince).',
  })
}

/** The header goes before `after`: it has to be left out where it is wrong. */
function describePlace({ after, field }: Place): string {
  return field === 'after' ? `after=${after}` : `after=${after}, without ${field},`
}
