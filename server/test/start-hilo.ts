import { after, type TestContext } from 'node:test'
import { createAgent } from '../agents/create-agent.ts'
import type { AnswerTimes } from '../answers/answers.ts'
import type { RunTool } from '../approvals/decide-approval.ts'
import { type Config, readConfig } from '../config.ts'
import type { OpenDatabase } from '../database/open.ts'
import type { Database, Transaction } from '../database/schema.ts'
import { asOwner } from '../database/transactions.ts'
import { createApiKey } from '../organizations/create-api-key.ts'
import { createOrganization } from '../organizations/create-organization.ts'
import { type Scope, scopes } from '../organizations/scopes.ts'
import { type ConfigWithSecret, withSecret } from '../read-secret.ts'
import { type RunningServer, startServer } from '../start-server.ts'
import type { WebhookTimes } from '../webhooks/webhooks.ts'
import { type DatabaseKind, openTestDatabase, openTestPostgresTimes } from './test-databases.ts'

export { databases, skipWithout } from './test-databases.ts'

export interface RequestOptions {
  /** Sent as JSON. */
  body?: unknown
  /** Sent as it is, instead of `body`. */
  rawBody?: string | Uint8Array<ArrayBuffer>
  /** The test's own key when absent; `null`: no key. */
  key?: string | null
  headers?: Record<string, string>
}

export interface Answer {
  status: number
  headers: Headers
  /** Parsed where the answer is JSON, else text; tests say what they expect in it. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any
}

export interface Hilo {
  url: string
  organizationId: string
  agentId: string
  /** Has every scope. */
  key: string
  db: Database
  database: OpenDatabase
  app: RunningServer['app']
  /** Reads or writes past row-level security, for assertions. */
  asOwner<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result>
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>
  /** Another key of the same organization. */
  createKey(scopes: readonly Scope[], expiresAt?: Date): Promise<string>
  /** Another organization on the same server: the neighbour who must see nothing. */
  createNeighbour(): Promise<Hilo>
}

interface Started {
  database: OpenDatabase
  server: RunningServer
}

const started = new Map<DatabaseKind, Promise<Started>>()
const withSettings = new Map<DatabaseKind, Map<Partial<Config>, Promise<RunningServer>>>()

/** Stops the servers that startHiloWith keeps for the tests of one file; another file has settings of its own. */
export async function stopServersWithSettings(): Promise<void> {
  const servers = [...withSettings.values()].flatMap((bySettings) => [...bySettings.values()])
  withSettings.clear()
  for (const one of await Promise.allSettled(servers)) if (one.status === 'fulfilled') await one.value.stop()
}

// At the end of the file, or of the last one where several run in one process (scripts/run-test-files.ts).
after(async () => {
  await stopServersWithSettings()
  for (const one of await Promise.allSettled(started.values())) {
    if (one.status === 'rejected') continue // the tests that wanted it have failed already
    await one.value.server.stop()
    await one.value.database.close()
  }
})

/** What the servers of the tests sign tokens with; those on one database share it, as they would in earnest. */
export const testSecret = 'a secret for nothing but the tests'

/** As in `main.ts`, but on a free port, silent and without a rate limit. */
function testConfig(config: Partial<Config>): ConfigWithSecret {
  return withSecret({ ...readConfig({}), port: 0, logLevel: 'silent', rateLimit: 0, secret: testSecret, ...config })
}

async function startShared(kind: DatabaseKind): Promise<Started> {
  const database = await openTestDatabase(kind)
  return { database, server: await startServer(testConfig({}), { database }) }
}

function share(kind: DatabaseKind): Promise<Started> {
  const running = started.get(kind) ?? startShared(kind)
  started.set(kind, running)
  return running
}

/** A server for all tests of a file that ask for these very settings. */
function shareWith(kind: DatabaseKind, { database }: Started, settings: Partial<Config>): Promise<RunningServer> {
  const servers = withSettings.get(kind) ?? new Map<Partial<Config>, Promise<RunningServer>>()
  withSettings.set(kind, servers)
  const running = servers.get(settings) ?? startServer(testConfig(settings), { database })
  servers.set(settings, running)
  return running
}

/**
 * The same for all tests of a file that hands over this very object, which is kept outside of them: starting a server
 * takes longer than most tests.
 */
export async function startHiloWith(kind: DatabaseKind, settings: Partial<Config>): Promise<Hilo> {
  const shared = await share(kind)
  return createTenant({ database: shared.database, server: await shareWith(kind, shared, settings) })
}

interface WantedKey {
  organizationId: string
  scopes: readonly Scope[]
  expiresAt?: Date
}

function createKey(database: OpenDatabase, key: WantedKey): Promise<string> {
  return asOwner(database.db, async (tx) => (await createApiKey(tx, { ...key, name: 'test', actor: 'test' })).key)
}

async function createTenant({ database, server }: Started): Promise<Hilo> {
  const { db } = database
  const { organizationId, agentId } = await asOwner(db, async (tx) => {
    const organizationId = await createOrganization(tx, { name: 'Test' })
    return { organizationId, agentId: await createAgent(tx, { organizationId, name: 'Test agent' }) }
  })
  const key = await createKey(database, { organizationId, scopes })
  return {
    url: server.url,
    organizationId,
    agentId,
    key,
    db,
    database,
    app: server.app,
    asOwner: (work) => asOwner(db, work),
    request: (method, path, options) => request(server.url + path, { method, key, ...options }),
    createKey: (scopes, expiresAt) => createKey(database, { organizationId, scopes, expiresAt }),
    createNeighbour: () => createTenant({ database, server }),
  }
}

async function request(url: string, options: RequestOptions & { method: string }): Promise<Answer> {
  const { method, body, rawBody, key, headers } = options
  const hasBody = body !== undefined || rawBody !== undefined
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    headers: {
      ...(hasBody && { 'content-type': 'application/json' }),
      ...(key && { authorization: `Bearer ${key}` }),
      ...headers,
    },
    body: rawBody ?? (body === undefined ? undefined : JSON.stringify(body)),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json')
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
}

/**
 * A whole Hilo over HTTP, with an organization, an agent and a key of this test's own. The tests of one process share
 * the server; with settings of its own, a test gets its own server on the same database.
 * @example for (const database of databases) describe(database, skipWithout(database), () => {
 *   test('…', async (t) => { const hilo = await startHilo(t, database) })
 * })
 */
export async function startHilo(
  t: TestContext,
  kind: DatabaseKind,
  config?: Partial<Config> & {
    logStream?: { write(line: string): void }, runTool?: RunTool, answerTimes?: Partial<AnswerTimes>,
  },
): Promise<Hilo> {
  const { database, server } = await share(kind)
  if (!config) return createTenant({ database, server })
  const { logStream, runTool, answerTimes, ...settings } = config
  const own = await startServer(testConfig(settings), { database, logStream, runTool, answerTimes })
  t.after(() => own.stop())
  return createTenant({ database, server: own })
}

interface AloneTimes {
  webhookTimes?: Partial<WebhookTimes>
  answerTimes?: Partial<AnswerTimes>
}

type OwnOptions = Partial<Config> & AloneTimes

/** A Hilo that a test stops when it likes. */
export type StoppableHilo = Hilo & { stop(): Promise<void> }

/**
 * A Hilo that is the only server on this database, with short times for webhooks: no other server takes up its
 * deliveries. Whoever opened the database closes it.
 */
export async function startAlone(
  t: TestContext, database: OpenDatabase, options: OwnOptions = {},
): Promise<StoppableHilo> {
  const { server, stop } = await startOwn(t, database, options)
  return { ...await createTenant({ database, server }), stop }
}

/** Another server for the organization of this one: beside it, or in its place once it is stopped. */
export async function startAnother(
  t: TestContext, hilo: Hilo, { database = hilo.database, ...options }: OwnOptions & { database?: OpenDatabase } = {},
): Promise<StoppableHilo> {
  const { server, stop } = await startOwn(t, database, options)
  const { url, app } = server
  const send: Hilo['request'] = (method, path, sent) => request(url + path, { method, key: hilo.key, ...sent })
  return { ...hilo, url, app, db: database.db, database, request: send, stop }
}

/** Two servers on one PostgreSQL that is theirs alone, each with connections of its own, for one organization. */
export async function startTwoOnPostgres(t: TestContext): Promise<readonly [Hilo, Hilo]> {
  const [one, two] = await openTestPostgresTimes(2)
  const first = await startAlone(t, one!)
  const second = await startAnother(t, first, { database: two! })
  t.after(async () => {
    await two!.close()
    await one!.close()
  })
  return [first, second]
}

async function startOwn(
  t: TestContext, database: OpenDatabase, { webhookTimes, answerTimes, ...config }: OwnOptions,
): Promise<{ server: RunningServer, stop(): Promise<void> }> {
  const settings = testConfig({ allowPrivateTargets: true, ...config })
  const server = await startServer(settings, { database, webhookTimes, answerTimes })
  let stopped: Promise<void> | undefined
  const stop = () => stopped ??= server.stop()
  t.after(stop)
  return { server, stop }
}
