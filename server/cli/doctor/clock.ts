import { sql } from 'kysely'
import type { Database } from '../../database/schema.ts'
import { toleranceMs } from '../../http/read-time.ts'
import type { Check } from './check.ts'

const name = 'clock'
/** This version of Hilo is younger: an earlier clock is wrong. */
const earliest = Date.UTC(2026, 0, 1)
const noticeableMs = 5_000
const setTheClock = 'Set the clocks by the network (NTP): they date messages and end API keys.'

/** Whether this machine's clock is believable by itself. */
export function checkOwnClock(now = new Date()): Check {
  const message = `${now.toISOString()} by this machine.`
  if (now.getTime() < earliest) return { name, state: 'FAIL', message: `${message} That is in the past.`, hint: setTheClock }
  return { name, state: 'OK', message }
}

/** Compares this machine's clock with the database's, and with the newest event on record. */
export async function checkClocks(db: Database, { hasTables }: { hasTables: boolean }): Promise<Check> {
  const own = checkOwnClock()
  if (own.state !== 'OK') return own
  const skewMs = await measureSkew(db)
  const seconds = Math.round(Math.abs(skewMs) / 1000)
  if (Math.abs(skewMs) > noticeableMs) {
    const message = `The database's clock is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} this machine's.`
    return { name, state: Math.abs(skewMs) > toleranceMs ? 'FAIL' : 'WARN', message, hint: setTheClock }
  }
  const newest = hasTables ? await readNewestEvent(db) : undefined
  if (newest && newest.getTime() > Date.now() + 60_000) {
    const message = `The newest event is dated ${newest.toISOString()}, which is still to come: the clock was set back.`
    return { name, state: 'WARN', message, hint: setTheClock }
  }
  return { ...own, message: `${own.message} The database agrees within ${Math.max(seconds, 1)} s.` }
}

/** Milliseconds by which the database's clock is ahead; half of the way there and back is taken off. */
async function measureSkew(db: Database): Promise<number> {
  const sentMs = Date.now()
  const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(db)
  return rows[0]!.now.getTime() - (sentMs + Date.now()) / 2
}

/** When the newest event of all was recorded; by the counters, as a table of events may be long. */
async function readNewestEvent(db: Database): Promise<Date | undefined> {
  const { rows } = await sql<{ newest: Date | null }>`
    select max(e.created_at) as newest
    from event_sequences s join events e on e.organization_id = s.organization_id and e.seq = s.last_seq
  `.execute(db)
  return rows[0]?.newest ?? undefined
}
