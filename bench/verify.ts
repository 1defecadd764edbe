import { sql } from 'kysely'
import type { Transaction } from '../server/database/schema.ts'
import { asOwner } from '../server/database/transactions.ts'
import { openPlace, type Place } from './databases.ts'
import type { Acknowledged } from './measurement.ts'
import { conversationOf, customerOf, tenantOf, textOf, type Workload } from './workload.ts'

/** Something that must never be: what, and how often it is. */
export interface Check {
  what: string
  count: number
}

interface StoredMessage {
  id: string
  organizationId: string
  /** Whose conversation it is in. */
  phone: string
  text: string
}

/** What was acknowledged of one load. */
export interface Acknowledgements {
  workload: Workload
  acknowledged: readonly Acknowledged[]
}

/** Looks in the database for what was acknowledged, and for gaps and repeats. */
export async function verify(place: Place, loads: readonly Acknowledgements[]): Promise<Check[]> {
  const { db, close } = await openPlace(place)
  try {
    return await asOwner(db, async (tx) => [
      ...checkMessages(await readMessages(tx), loads),
      { what: 'conversations with a gap in their seq', count: await countSeqGaps(tx) },
      { what: 'organizations with a gap in their events', count: await countEventGaps(tx) },
      { what: 'messages without exactly one event', count: await countEventMismatches(tx) },
    ])
  } finally {
    await close()
  }
}

/** What `textOf` wrote: `like`, so that other messages of the same database stay out. */
async function readMessages(tx: Transaction): Promise<StoredMessage[]> {
  const { rows } = await sql<StoredMessage>`
    select m.id, m.organization_id as "organizationId", c.visitor_id as phone, m.text
    from messages m join conversations c on c.organization_id = m.organization_id and c.id = m.conversation_id
    where m.text like ${textOf(0).replace('0', '%')}
  `.execute(tx)
  return rows
}

function checkMessages(stored: readonly StoredMessage[], loads: readonly Acknowledgements[]): Check[] {
  const byId = new Map(stored.map((message) => [message.id, message]))
  const texts = new Set(stored.map((message) => message.text))
  const ids = loads.flatMap(({ acknowledged }) => acknowledged.map(({ messageId }) => messageId))
  return [
    { what: 'acknowledged messages missing', count: ids.filter((id) => !byId.has(id)).length },
    { what: 'acknowledged messages stored as another one', count: sum(loads.map((load) => countMisplaced(byId, load))) },
    { what: 'messages stored twice', count: stored.length - texts.size },
    { what: 'messages acknowledged twice', count: ids.length - new Set(ids).size },
  ]
}

/** Those that are stored with another text, or in another customer's or organization's conversation. */
function countMisplaced(byId: Map<string, StoredMessage>, { workload, acknowledged }: Acknowledgements): number {
  return acknowledged.filter(({ n, messageId }) => {
    const message = byId.get(messageId)
    if (!message) return false
    const conversation = conversationOf(n, workload)
    return message.text !== textOf(n) || message.phone !== customerOf(conversation).phone
      || message.organizationId !== tenantOf(conversation, workload).organizationId
  }).length
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0)

async function count(tx: Transaction, query: ReturnType<typeof sql<{ count: number }>>): Promise<number> {
  const { rows } = await query.execute(tx)
  return Number(rows[0]!.count)
}

function countSeqGaps(tx: Transaction): Promise<number> {
  return count(tx, sql`
    select count(*) from (
      select c.last_seq from conversations c
      left join messages m on m.organization_id = c.organization_id and m.conversation_id = c.id
      group by c.organization_id, c.id
      having count(m.seq) <> c.last_seq or min(m.seq) <> 1 or max(m.seq) <> c.last_seq
    ) as broken
  `)
}

function countEventGaps(tx: Transaction): Promise<number> {
  return count(tx, sql`
    select count(*) from (
      select s.last_seq from event_sequences s left join events e using (organization_id)
      group by s.organization_id
      having count(e.seq) <> s.last_seq or min(e.seq) <> 1 or max(e.seq) <> s.last_seq
    ) as broken
  `)
}

function countEventMismatches(tx: Transaction): Promise<number> {
  return count(tx, sql`
    select count(*) from (
      select m.id from messages m left join events e
        on e.organization_id = m.organization_id and e.message_id = m.id and e.type = 'message.created'
      group by m.organization_id, m.id having count(e.seq) <> 1
    ) as broken
  `)
}
