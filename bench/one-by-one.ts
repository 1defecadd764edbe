import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { createId } from '../server/database/create-id.ts'
import { countCpuTime } from './cpu-time.ts'
import type { Place } from './databases.ts'
import { createRecorder, type Measurement, type Recorder, type Span } from './measurement.ts'
import { readPeakMemory } from './peak-memory.ts'
import { takeOrder } from './take-order.ts'
import { conversationOf, customerOf, tenantOf, textOf, type Workload } from './workload.ts'

/** The classic way, without HTTP: every message is a transaction of its own, from this many clients at once. */
export interface OneByOneOrder extends Span {
  clients: number
  workload: Workload
  place: Place
}

export interface OneByOneResult extends Measurement {
  peakMemoryMiB: number
  cpuMicros?: number
}

const upsertConversation = `
  insert into conversations (organization_id, id, agent_id, channel, visitor_id, status, last_seq)
  values ($1, $2, $3, 'whatsapp', $4, 'UNRESOLVED', 1)
  on conflict (organization_id, id)
    do update set last_seq = conversations.last_seq + 1, updated_at = excluded.updated_at
  returning last_seq`

const insertMessage = `
  insert into messages (
    organization_id, conversation_id, seq, id, agent_id, author_kind, text, attachments, channel, source, is_draft,
    status, visitor_id, conversation_status, metadata, occurred_at, received_at, recorded_at
  ) values ($1, $2, $3, $4, $5, 'agent', $6, '[]', 'whatsapp', 'whatsapp', false,
    'recorded', $7, 'UNRESOLVED', '{}', $8, $8, $8)`

/** Last, as it holds a lock on the organization's counter until the commit. */
const insertEvent = `
  with next as (
    update event_sequences set last_seq = last_seq + 1 where organization_id = $1 returning last_seq
  )
  insert into events (organization_id, seq, type, conversation_id, message_id, data, created_at)
  select $1, last_seq, 'message.created', $2, $3, '{}', $4 from next`

/** Sends one statement; `name` is the one it is prepared under. */
type Query = (name: string, text: string, values: unknown[]) => Promise<{ rows: unknown[] }>
/** Runs the work in a transaction. */
type Transact = (work: (query: Query) => Promise<void>) => Promise<void>

interface NumberedMessage {
  n: number
  messageId: string
}

async function recordMessage(query: Query, workload: Workload, { n, messageId }: NumberedMessage): Promise<void> {
  const conversation = conversationOf(n, workload)
  const { organizationId, agentId } = tenantOf(conversation, workload)
  const { phone } = customerOf(conversation)
  const conversationId = `${agentId}_+${phone}`
  const now = new Date()
  const { rows } = await query('upsert', upsertConversation, [organizationId, conversationId, agentId, phone])
  const { last_seq: seq } = rows[0] as { last_seq: number }
  await query('message', insertMessage, [
    organizationId, conversationId, seq, messageId, agentId, textOf(n), phone, now,
  ])
  await query('event', insertEvent, [organizationId, conversationId, messageId, now])
}

interface Client {
  transact: Transact
  workload: Workload
  recorder: Recorder
  takeNumber: () => number
}

async function runClient({ transact, workload, recorder, takeNumber }: Client): Promise<void> {
  while (!recorder.isOver()) {
    const n = takeNumber()
    const messageId = createId()
    const startedAt = performance.now()
    try {
      await transact((query) => recordMessage(query, workload, { n, messageId }))
      recorder.succeeded(performance.now() - startedAt)
      recorder.acknowledged(n, messageId)
    } catch (error) {
      recorder.failed(String(error))
    }
  }
}

interface OpenedClients {
  transacts: Transact[]
  close(): Promise<void>
}

async function openPostgresClients(url: string, count: number): Promise<OpenedClients> {
  const clients = Array.from({ length: count }, () => new pg.Client({ connectionString: url }))
  await Promise.all(clients.map((client) => client.connect()))
  const transacts = clients.map((client): Transact => async (work) => {
    await client.query('begin')
    try {
      await work((name, text, values) => client.query({ name, text, values }))
      await client.query('commit')
    } catch (error) {
      await client.query('rollback')
      throw error
    }
  })
  return { transacts, close: async () => void await Promise.all(clients.map((client) => client.end())) }
}

/** PGlite has one connection: its clients queue up for it. */
async function openPgliteClients(folder: string, count: number): Promise<OpenedClients> {
  const pglite = await PGlite.create(folder)
  const transact: Transact = (work) => (
    pglite.transaction((tx) => work((_name, text, values) => tx.query(text, values)))
  )
  return { transacts: Array.from({ length: count }, () => transact), close: () => pglite.close() }
}

async function recordOneByOne({ clients, workload, place, ...span }: OneByOneOrder): Promise<OneByOneResult> {
  const { transacts, close } = 'HILO_DATABASE_URL' in place
    ? await openPostgresClients(place.HILO_DATABASE_URL, clients)
    : await openPgliteClients(join(place.HILO_DATA_DIR, 'pglite'), clients)
  const recorder = createRecorder(span)
  let next = 0
  const takeNumber = () => next++
  const cpuPerRequest = countCpuTime(process.pid)
  await Promise.all(transacts.map((transact) => runClient({ transact, workload, recorder, takeNumber })))
  const measurement = recorder.result()
  const cpuMicros = cpuPerRequest(measurement.acknowledged.length)
  const peakMemoryMiB = readPeakMemory(process.pid)
  await close()
  return { ...measurement, peakMemoryMiB, cpuMicros }
}

takeOrder(recordOneByOne)
