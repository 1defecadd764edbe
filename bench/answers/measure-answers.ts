import { rm } from 'node:fs/promises'
import type { Bench } from '../bench.ts'
import { createPlace } from '../cases.ts'
import { createTenants, dropDatabase, type Place } from '../databases.ts'
import { makeProfileFolder, startHilo } from '../hilo-server.ts'
import { startHttpServer } from '../http-server.ts'
import { warmUpSeconds } from '../options.ts'
import { readPeakMemory } from '../peak-memory.ts'
import { type Tenant, tenantOf } from '../workload.ts'
import type { AnswerOptions } from './answer-options.ts'
import type { AskOrder, AskResult, Call } from './asker.ts'
import { modelPieces } from './model-pieces.ts'

/** What is called: the model itself, before and after, and Hilo, which calls it. */
export type Way = 'model' | 'query' | 'stream' | 'model again'

export interface AnswerResult extends AskResult {
  database: 'postgres' | 'pglite'
  concurrency: number
  way: Way
}

export interface AnswerMeasurement {
  results: AnswerResult[]
  peakMemoryMiB: Record<string, number>
  profileFolder?: string
}

/** How long Hilo answers before anything is measured: V8 compiles what runs often, and a server has run for days. */
const warmSeconds = 30

const firstPiece = modelPieces[0]!
const question = 'Hola, ¿dónde está mi pedido?'

/** A call of the model itself, with a prompt about as long as Hilo's. */
function callModel(modelUrl: string): Call {
  const messages = [{ role: 'system', content: 'x'.repeat(600) }, { role: 'user', content: question }]
  return {
    url: `${modelUrl}/v1/chat/completions`, headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'stub', stream: true, messages }), firstWord: firstPiece, isWhole: 'pieces',
  }
}

interface Target {
  url: string
  tenants: readonly Tenant[]
}

function callHilo({ url, tenants }: Target, conversation: number, streaming: boolean): Call {
  const { agentId, key } = tenantOf(conversation, { tenants })
  return {
    url: `${url}/api/agents/${agentId}/query`,
    headers: { 'authorization': `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: question, streaming, conversationId: `bench-${conversation}` }),
    firstWord: firstPiece, isWhole: streaming ? 'pieces' : 'answer',
  }
}

const repeat = (count: number, make: (conversation: number) => Call): Call[] => (
  Array.from({ length: count }, (_, conversation) => make(conversation))
)

async function setModels({ url, tenants }: Target, modelUrl: string): Promise<void> {
  const model = { provider: 'openai-compatible', name: 'stub', baseUrl: `${modelUrl}/v1` }
  for (const { agentId, key } of tenants) {
    const answer = await fetch(`${url}/api/agents/${agentId}`, {
      method: 'PATCH', headers: { 'authorization': `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model }),
    })
    if (answer.status !== 200) throw new Error(`The model could not be set: ${await answer.text()}`)
  }
}

/** Measures what an answer takes beside the bare call of its model, for each number of conversations. */
export async function measureAnswers(
  bench: Bench, options: AnswerOptions, say: (line: string) => void,
): Promise<AnswerMeasurement> {
  const model = await startHttpServer(bench.children, {
    script: 'bench/answers/model-stub.ts', env: { MODEL_DELAY_MS: String(options.delayMs) },
  })
  const measurement: AnswerMeasurement = { results: [], peakMemoryMiB: {} }
  for (const name of bench.options.only) {
    const database = name === 'e' ? 'pglite' : 'postgres'
    const place = await createPlace(bench, database, 'answers')
    await measureDatabase(bench, { database, place, modelUrl: model.url, options, say }, measurement)
    if (database === 'postgres') await dropDatabase(bench.postgresUrl, 'bench_answers')
    await rm(place.HILO_DATA_DIR, { recursive: true, force: true })
  }
  await model.stop()
  return measurement
}

interface DatabaseCourse {
  database: AnswerResult['database']
  place: Place
  modelUrl: string
  options: AnswerOptions
  say: (line: string) => void
}

async function measureDatabase(
  bench: Bench, { database, place, modelUrl, options, say }: DatabaseCourse, measurement: AnswerMeasurement,
): Promise<void> {
  const tenants = await createTenants(place, bench.options.organizations)
  const profileFolder = bench.options.profile ? makeProfileFolder() : undefined
  const server = await startHilo(bench, place, { profileFolder, settings: { HILO_ALLOW_PRIVATE_TARGETS: 'true' } })
  const target = { url: server.url, tenants }
  await setModels(target, modelUrl)
  const makers: [Way, (conversation: number) => Call][] = [
    ['model', () => callModel(modelUrl)],
    ['query', (conversation) => callHilo(target, conversation, false)],
    ['stream', (conversation) => callHilo(target, conversation, true)],
    ['model again', () => callModel(modelUrl)],
  ]
  const ask = (calls: Call[], seconds: number): Promise<AskResult> => (
    bench.children.run<AskOrder, AskResult>('bench/answers/asker.ts', { calls, warmUpSeconds, seconds })
  )
  say(`${database}: warming up…`)
  await ask(repeat(50, (conversation) => callHilo(target, conversation, conversation % 2 === 0)), warmSeconds)
  for (const concurrency of options.concurrency) {
    for (const [way, make] of makers) {
      say(`${database}, ${concurrency} conversations: ${way}…`)
      const result = await ask(repeat(concurrency, make), bench.options.seconds)
      measurement.results.push({ ...result, database, concurrency, way })
    }
  }
  measurement.peakMemoryMiB[database] = readPeakMemory(server.pid)
  measurement.profileFolder = profileFolder
  await server.stop()
}
