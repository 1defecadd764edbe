import { rm } from 'node:fs/promises'
import type { Bench } from '../bench.ts'
import { createPlace, load } from '../cases.ts'
import { createTenants, dropDatabase, type Place } from '../databases.ts'
import { makeProfileFolder, startHilo } from '../hilo-server.ts'
import type { Figures, Measurement } from '../measurement.ts'
import { warmUpSeconds } from '../options.ts'
import { readPeakMemory } from '../peak-memory.ts'
import { type Check, verify } from '../verify.ts'
import type { Workload } from '../workload.ts'
import { readLastSeqs } from './api.ts'
import { checkEndpoints, checkReaders, countRepeated } from './check-arrivals.ts'
import { computeLatency, type Latency, type LatencyContext } from './latency.ts'
import { type Audience, type Heard, startListeners } from './listeners.ts'
import { readLogs } from './logged-events.ts'
import type { PacedOrder } from './paced-generator.ts'

/** Who listens while messages are recorded, and how fast these come. */
export interface Scenario extends Audience {
  part: 'stream' | 'webhooks' | 'write'
  title: string
  database: 'postgres' | 'pglite'
  /** Messages a second; absent: as many as go through, as in case c. */
  rate?: number
}

export interface StreamFigures extends Latency {
  resumed: number
  firstNotice?: string
}

export interface WebhookFigures extends Latency {
  /** Of the endpoints that have one beside them that hangs. */
  besideHanging?: Latency
  /** Attempts for events that had been sent before. */
  repeated: number
  /** Attempts to deliver to those that hang. */
  toHanging: number
}

interface HeardFigures {
  stream?: StreamFigures
  webhooks?: WebhookFigures
}

export interface ScenarioResult extends Scenario, Figures, HeardFigures {
  acknowledged: number
  peakMemoryMiB: number
  checks: Check[]
  profileFolder?: string
}

interface Course {
  load: Measurement
  heard: Heard
  peakMemoryMiB: number
  profileFolder?: string
}

/** Runs a scenario on an empty database and a server of its own, and looks for what was lost. */
export async function runScenario(bench: Bench, scenario: Scenario): Promise<ScenarioResult> {
  const { organizations, conversations, seconds } = bench.options
  const place = await createPlace(bench, scenario.database, 'events')
  const tenants = await createTenants(place, organizations)
  const workload = { tenants, conversations, firstConversation: 0 }
  const { load, heard, ...measured } = await runCourse(bench, scenario, { place, workload })
  const { acknowledged, ...figures } = load
  const logs = await readLogs(place, tenants)
  const checks = [...await verify(place, [{ workload, acknowledged }]), ...checkHeard(heard, logs)]
  if (scenario.database === 'postgres') await dropDatabase(bench.postgresUrl, 'bench_events')
  await rm(place.HILO_DATA_DIR, { recursive: true, force: true })
  return {
    ...scenario, ...figures, ...measured, ...describeHeard(heard, scenario, { logs, load, seconds }),
    acknowledged: acknowledged.length, checks,
  }
}

async function runCourse(
  bench: Bench, scenario: Scenario, { place, workload }: { place: Place, workload: Workload },
): Promise<Course> {
  const profileFolder = bench.options.profile ? makeProfileFolder() : undefined
  const server = await startHilo(bench, place, { profileFolder, settings: { HILO_ALLOW_PRIVATE_TARGETS: 'true' } })
  const { url } = server
  const { tenants } = workload
  const listeners = await startListeners(bench.children, { url, tenants, audience: scenario })
  const load = await putLoad(bench, scenario, { url, workload })
  const heard = await listeners.finish(await readLastSeqs(url, tenants))
  const peakMemoryMiB = readPeakMemory(server.pid)
  await server.stop()
  return { load, heard, peakMemoryMiB, profileFolder }
}

function putLoad(
  bench: Bench, { rate }: Scenario, { url, workload }: { url: string, workload: Workload },
): Promise<Measurement> {
  if (rate === undefined) return load(bench, { url, workload, firstNumber: 0 })
  const { seconds } = bench.options
  const order: PacedOrder = { url, rate, workload, warmUpSeconds, seconds }
  return bench.children.run('bench/events/paced-generator.ts', order)
}

function checkHeard({ readers, webhooks }: Heard, logs: LatencyContext['logs']): Check[] {
  return [
    ...readers ? checkReaders(readers.readers, logs) : [],
    ...webhooks ? checkEndpoints(webhooks.endpoints, webhooks.firstSeqs, logs) : [],
  ]
}

function describeHeard({ readers, webhooks }: Heard, { hanging }: Scenario, context: LatencyContext): HeardFigures {
  return {
    stream: readers && {
      ...computeLatency(readers.readers, context), resumed: readers.resumed, firstNotice: readers.firstNotice,
    },
    webhooks: webhooks && {
      ...computeLatency(webhooks.endpoints, context),
      besideHanging: hanging > 0 ? computeLatency(webhooks.endpoints.slice(0, hanging), context) : undefined,
      repeated: webhooks.endpoints.reduce((total, one) => total + countRepeated(one), 0),
      toHanging: webhooks.hanging,
    },
  }
}
