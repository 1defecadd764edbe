import { join } from 'node:path'
import type { Bench } from './bench.ts'
import { countCpuTime } from './cpu-time.ts'
import { createDatabase, createTenants, dropDatabase, type Place, type PostgresPlace } from './databases.ts'
import type { LoadOrder } from './generator.ts'
import { makeProfileFolder, startHilo } from './hilo-server.ts'
import { type HttpServer, startHttpServer } from './http-server.ts'
import type { Figures, Measurement } from './measurement.ts'
import type { OneByOneOrder, OneByOneResult } from './one-by-one.ts'
import { type CaseName, warmUpSeconds } from './options.ts'
import { readPeakMemory } from './peak-memory.ts'
import { type Check, verify } from './verify.ts'
import type { Tenant, Workload } from './workload.ts'

export interface CaseResult extends Figures {
  name: CaseName
  title: string
  /** Of the process that serves (b and d: that sends the statements); PostgreSQL's own is not in it. */
  peakMemoryMiB: number
  /** Processor time of the same process for a request, microseconds; only on Linux. */
  cpuMicros?: number
  acknowledged: number
  checks: Check[]
  profileFolder?: string
}

type Measured = Measurement & { peakMemoryMiB: number, cpuMicros?: number, profileFolder?: string }

interface Case {
  title: string
  database?: 'postgres' | 'pglite'
  measure(bench: Bench, at: { place: Place, workload: Workload }): Promise<Measured>
}

/** Nothing is stored, so nobody needs to exist. */
const nowhere: Place = { HILO_DATA_DIR: '' }
const nobody: Tenant = { organizationId: 'none', agentId: 'none', key: 'none' }

export const cases: Record<CaseName, Case> = {
  a: { title: 'bare Fastify route, no database', measure: measureBareRoute },
  b: { title: 'PostgreSQL, a transaction per message, no HTTP', database: 'postgres', measure: measureOneByOne },
  c: { title: 'Hilo over PostgreSQL', database: 'postgres', measure: measureHilo },
  d: { title: 'PGlite, a transaction per message, no HTTP', database: 'pglite', measure: measureOneByOne },
  e: { title: 'Hilo over PGlite', database: 'pglite', measure: measureHilo },
}

/** Measures one case on an empty database of its own and checks what is in it afterwards. */
export async function runCase(bench: Bench, name: CaseName): Promise<CaseResult> {
  const { title, database, measure } = cases[name]
  const { organizations, conversations } = bench.options
  const place = database ? await createPlace(bench, database, name) : nowhere
  const tenants = database ? await createTenants(place, organizations) : [nobody]
  const workload = { tenants, conversations, firstConversation: 0 }
  const { acknowledged, ...measured } = await measure(bench, { place, workload })
  const checks = database ? await verify(place, [{ workload, acknowledged }]) : []
  if (database === 'postgres') await dropDatabase(bench.postgresUrl, `bench_${name}`)
  return { name, title, ...measured, acknowledged: acknowledged.length, checks }
}

/** An empty place for data. */
export async function createPlace(bench: Bench, database: 'postgres' | 'pglite', name: string): Promise<Place> {
  return database === 'postgres' ? createPostgresPlace(bench, name) : { HILO_DATA_DIR: join(bench.folder, name) }
}

export async function createPostgresPlace(bench: Bench, name: string): Promise<PostgresPlace> {
  const url = await createDatabase(bench.postgresUrl, `bench_${name}`)
  return { HILO_DATABASE_URL: url, HILO_DATA_DIR: join(bench.folder, name) }
}

async function measureBareRoute(bench: Bench, { workload }: { workload: Workload }): Promise<Measured> {
  return measureServer(bench, await startHttpServer(bench.children, { script: 'bench/bare-server.ts' }), workload)
}

async function measureHilo(bench: Bench, at: { place: Place, workload: Workload }): Promise<Measured> {
  const profileFolder = bench.options.profile ? makeProfileFolder() : undefined
  const measured = await measureServer(bench, await startHilo(bench, at.place, { profileFolder }), at.workload)
  return { ...measured, profileFolder }
}

async function measureServer(bench: Bench, server: HttpServer, workload: Workload): Promise<Measured> {
  const cpuPerRequest = countCpuTime(server.pid)
  const measurement = await load(bench, { url: server.url, workload, firstNumber: 0 })
  const cpuMicros = cpuPerRequest(measurement.acknowledged.length)
  const peakMemoryMiB = readPeakMemory(server.pid)
  await server.stop()
  return { ...measurement, peakMemoryMiB, cpuMicros }
}

/** Puts load on a server, from a process that shares no event loop with anything measured. */
export function load(
  { options, children }: Bench, order: Pick<LoadOrder, 'url' | 'workload' | 'firstNumber' | 'targets'>,
): Promise<Measurement> {
  const { seconds, connections } = options
  return children.run('bench/generator.ts', { ...order, seconds, warmUpSeconds, connections } satisfies LoadOrder)
}

function measureOneByOne(
  { options, children }: Bench, { place, workload }: { place: Place, workload: Workload },
): Promise<OneByOneResult> {
  return children.run('bench/one-by-one.ts', {
    seconds: options.seconds, warmUpSeconds, clients: options.connections, workload, place,
  } satisfies OneByOneOrder)
}
