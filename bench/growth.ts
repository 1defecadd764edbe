import { sql } from 'kysely'
import type { OpenDatabase } from '../server/database/open.ts'
import type { Database } from '../server/database/schema.ts'
import { asOwner } from '../server/database/transactions.ts'
import type { Bench } from './bench.ts'
import { createPostgresPlace, load } from './cases.ts'
import { createTenants, openPlace, type PostgresPlace } from './databases.ts'
import { fillMessages } from './fill.ts'
import { startHilo } from './hilo-server.ts'
import type { HttpServer } from './http-server.ts'
import { average, type Figures } from './measurement.ts'
import { readPeakMemory } from './peak-memory.ts'
import { countLargeScans, waitForAutovacuum } from './statistics.ts'
import { type Acknowledgements, type Check, verify } from './verify.ts'
import { customerOf, type ReadTarget, type Tenant, tenantOf, type Workload } from './workload.ts'

/** Recording, and reading a newest page. */
export interface Rates {
  record: Figures
  read: Figures
}

/** Both databases at one moment. */
export interface GrowthStep {
  state: string
  small: Rates
  full: Rates
}

export interface GrowthResult {
  steps: GrowthStep[]
  /** Of the Hilo over the full database. */
  peakMemoryMiB: number
  checks: Check[]
}

/** A Hilo with a database of its own. */
interface Side {
  name: string
  place: PostgresPlace
  tenants: Tenant[]
  database: OpenDatabase
  server: HttpServer
  loads: Acknowledgements[]
}

const states = ['just filled', 'after autovacuum'] as const

/** How often the sides are measured in turn: the machine's speed changes within minutes, and hits both alike. */
const rounds = 3

/** Numbers of one load's messages; no load sends as many. */
const numbersPerLoad = 10_000_000

/** Of a conversation that is only there to make the database large. */
const messagesOfOthers = 10

/** Of one that is written to and read: its newest page is full, so reading it costs the same whatever was recorded. */
const messagesOfMeasured = 50

/**
 * Measures recording and reading on a database with nothing but the conversations that are written to and read, and on
 * a full one, in turn: at once, while PostgreSQL knows nothing about the rows yet, and after it has looked at them on
 * its own.
 */
export async function measureGrowth(bench: Bench, rows: number, say: (line: string) => void): Promise<GrowthResult> {
  const { conversations } = bench.options
  const small = await startSide(bench, 'growth_small')
  const full = await startSide(bench, 'growth_full')
  say(`filling in ${rows.toLocaleString('en')} messages…`)
  await fill(small, conversations, states.length * conversations)
  await fill(full, conversations, Math.ceil(rows / messagesOfOthers))
  const scansBefore = await countLargeScans(full.database.db)
  const steps: GrowthStep[] = []
  for (const [place, state] of states.entries()) {
    say(`${state}…`)
    if (state === 'after autovacuum') await waitForAutovacuum(full.database.db)
    steps.push({ state, ...await measureInTurn(bench, { small, full }, place * conversations) })
  }
  const largeScans = await countLargeScans(full.database.db) - scansBefore
  const peakMemoryMiB = readPeakMemory(full.server.pid)
  const checks = [...await stopSide(small), ...await stopSide(full)]
  return { steps, peakMemoryMiB, checks: [...checks, { what: 'sequential scans of large tables', count: largeScans }] }
}

async function startSide(bench: Bench, name: string): Promise<Side> {
  const place = await createPostgresPlace(bench, name)
  const tenants = await createTenants(place, bench.options.organizations)
  const database = await openPlace(place)
  return { name, place, tenants, database, server: await startHilo(bench, place), loads: [] }
}

/** Fills in `count` conversations, the measured ones first. */
function fill({ place, tenants }: Side, conversations: number, count: number): Promise<void> {
  return fillMessages(place.HILO_DATABASE_URL, {
    tenants, conversations: count,
    messagesOf: (conversation) => (
      conversation < states.length * conversations ? messagesOfMeasured : messagesOfOthers
    ),
  })
}

async function measureInTurn(
  bench: Bench, { small, full }: { small: Side, full: Side }, firstConversation: number,
): Promise<Pick<GrowthStep, 'small' | 'full'>> {
  const measured = { small: [] as Rates[], full: [] as Rates[] }
  for (let round = 0; round < rounds; round++) {
    measured.small.push(await measureSide(bench, small, firstConversation))
    measured.full.push(await measureSide(bench, full, firstConversation))
  }
  return { small: averageRates(measured.small), full: averageRates(measured.full) }
}

async function measureSide(bench: Bench, side: Side, firstConversation: number): Promise<Rates> {
  const { server: { url }, tenants, loads } = side
  const workload = { tenants, conversations: bench.options.conversations, firstConversation }
  const firstNumber = loads.length * numbersPerLoad
  const { acknowledged, ...record } = await load(bench, { url, workload, firstNumber })
  loads.push({ workload, acknowledged })
  const targets = await findTargets(side.database.db, workload)
  return { record, read: await load(bench, { url, workload, firstNumber, targets }) }
}

function averageRates(all: readonly Rates[]): Rates {
  return { record: average(all.map(({ record }) => record)), read: average(all.map(({ read }) => read)) }
}

async function stopSide({ name, place, database, server, loads }: Side): Promise<Check[]> {
  await server.stop()
  await database.close()
  return (await verify(place, loads)).map(({ what, count }) => ({ what: `${what} (${name})`, count }))
}

/** The conversations of a workload, each with a key that may read it. */
function findTargets(db: Database, { tenants, conversations, firstConversation }: Workload): Promise<ReadTarget[]> {
  const keys = new Map(tenants.map(({ organizationId, key }) => [organizationId, key]))
  const wanted = Array.from({ length: conversations }, (_, index) => {
    const { organizationId, agentId } = tenantOf(firstConversation + index, { tenants })
    const { phone } = customerOf(firstConversation + index)
    return { organization_id: organizationId, value: `${agentId}_+${phone}` }
  })
  return asOwner(db, async (tx) => {
    await sql`set local enable_seqscan = off`.execute(tx) // ours must not be counted as Hilo's
    const { rows } = await sql<{ organization_id: string, conversation_id: string }>`
      select k.organization_id, k.conversation_id
      from json_to_recordset(${JSON.stringify(wanted)}::json) as w(organization_id text, value text)
      join conversation_keys k on k.organization_id = w.organization_id and k.kind = 'whatsapp' and k.value = w.value
    `.execute(tx)
    return rows.map((row) => ({ conversationId: row.conversation_id, key: keys.get(row.organization_id)! }))
  })
}
