import { sql } from 'kysely'
import type { Database } from '../server/database/schema.ts'
import { asOwner } from '../server/database/transactions.ts'
import type { Bench } from './bench.ts'
import { createPostgresPlace, load } from './cases.ts'
import { createTenants, openPlace } from './databases.ts'
import { fillMessages, messagesPerConversation } from './fill.ts'
import { startHilo } from './hilo-server.ts'
import type { Figures } from './measurement.ts'
import { readPeakMemory } from './peak-memory.ts'
import { countLargeScans, waitForAutovacuum } from './statistics.ts'
import { type Acknowledgements, type Check, verify } from './verify.ts'
import { customerOf, type ReadTarget, tenantOf, type Workload } from './workload.ts'

/** Recording, and reading a newest page, at one state of the database. */
export interface GrowthStep {
  state: string
  record: Figures
  read: Figures
}

export interface GrowthResult {
  steps: GrowthStep[]
  peakMemoryMiB: number
  checks: Check[]
}

/** Numbers of one step's messages; no step sends as many. */
const numbersPerStep = 10_000_000

/**
 * Measures recording and reading on an empty database and, with the same server still running, on a full one: at once,
 * while PostgreSQL knows nothing about the new rows yet, and after it has looked at them on its own.
 */
export async function measureGrowth(bench: Bench, rows: number, say: (line: string) => void): Promise<GrowthResult> {
  const { organizations, conversations } = bench.options
  const place = await createPostgresPlace(bench, 'growth')
  const tenants = await createTenants(place, organizations)
  const database = await openPlace(place)
  const server = await startHilo(bench, place)
  const loads: Acknowledgements[] = []
  const steps: GrowthStep[] = []
  const measureStep = async (state: string, firstConversation: number) => {
    say(`${state}…`)
    const workload = { tenants, conversations, firstConversation }
    const firstNumber = steps.length * numbersPerStep
    const { acknowledged, ...record } = await load(bench, { url: server.url, workload, firstNumber })
    loads.push({ workload, acknowledged })
    const targets = await findTargets(database.db, workload)
    steps.push({ state, record, read: await load(bench, { url: server.url, workload, firstNumber, targets }) })
  }

  await measureStep('empty database', 0)
  say(`filling in ${rows.toLocaleString('en')} messages…`)
  await fillMessages(place.HILO_DATABASE_URL, {
    tenants, firstConversation: conversations, conversations: Math.ceil(rows / messagesPerConversation),
  })
  const scansBefore = await countLargeScans(database.db)
  await measureStep('just filled', conversations)
  say('waiting for autovacuum…')
  await waitForAutovacuum(database.db)
  await measureStep('after autovacuum', 2 * conversations)
  const largeScans = await countLargeScans(database.db) - scansBefore

  const peakMemoryMiB = readPeakMemory(server.pid)
  await server.stop()
  await database.close()
  const checks = await verify(place, loads)
  return { steps, peakMemoryMiB, checks: [...checks, { what: 'sequential scans of large tables', count: largeScans }] }
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
