import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { text } from 'node:stream/consumers'
import { type Block, readBlocks } from './document.ts'
import { type EmptyPostgres, createEmptyPostgres } from './empty-postgres.ts'
import { Placeholders } from './placeholders.ts'
import type { ScriptedModel } from './scripted-model.ts'
import { makeFolder, type SpawnedHilo, spawnHilo } from './spawn-hilo.ts'
import type { Hilo } from './start-hilo.ts'
import type { DatabaseKind } from './test-databases.ts'

/** What a block's mark means. Blocks of other marks are left to other tests. */
type Step = (reader: Reader, block: Block) => Promise<void>

const steps: Record<string, Step> = {
  'first start': (reader, block) => reader.firstStart(block),
  sql: (reader, block) => reader.prepareDatabase(block),
  start: (reader, block) => reader.start(block),
  run: (reader, block) => reader.run(block),
  answer: async (reader, block) => reader.compare(block),
  summary: async (reader, block) => reader.compareSummary(block),
  prompt: async (reader, block) => reader.comparePrompt(block),
}

/** A server that runs already, for documents that begin with one: they say how it is started, and that is left out. */
export interface Running {
  hilo: Pick<Hilo, 'url' | 'agentId' | 'key'>
  /** What answers at the document's address of Ollama. */
  model: ScriptedModel
}

/**
 * Does what a document says, block by block in a shell, as its reader would, and asserts that it shows what happens.
 * @returns how many blocks it followed.
 */
export async function followDocument(t: TestContext, path: string, place: DatabaseKind | Running): Promise<number> {
  const reader = new Reader(t, place)
  const blocks = readBlocks(path).filter(({ mark }) => mark in steps)
  for (const block of blocks) await steps[block.mark]!(reader, block)
  return blocks.length
}

class Reader {
  #t: TestContext
  #kind: DatabaseKind | undefined
  #placeholders = new Placeholders()
  #server: SpawnedHilo | undefined
  #prepared: EmptyPostgres | undefined
  /** `NAME=value` lines typed so far: a reader's shell remembers them. */
  #variables: string[] = []
  #lastOutput = ''
  #running: Running | undefined

  constructor(t: TestContext, place: DatabaseKind | Running) {
    this.#t = t
    if (typeof place === 'string') {
      this.#kind = place
    } else {
      this.#running = place
      this.#placeholders.know(place.hilo, place.model.baseUrl)
    }
    t.after(() => this.#stop()) // first, so that its folder and its database are free to be removed
  }

  async firstStart({ text: shown, where }: Block): Promise<void> {
    const printed = await this.#restart({})
    // The embedded database alone is prepared, and lies in a folder.
    const forAll = (said: string) => (
      this.#kind === 'pglite' ? said : said.replace(/^(?:Preparing|Prepared| {2}Data).*\n/gm, '')
    )
    this.#placeholders.compare(forAll(shown), forAll(printed).slice(0, forAll(printed).indexOf('\nRecord a first')), where)
    const example = await this.#bash(/^ {2}curl [\s\S]+?\n\n/m.exec(printed)![0])
    assert.deepEqual(Object.keys(JSON.parse(example) as object), ['messageId', 'conversationId', 'visitorId', 'status'])
  }

  /** What an administrator does on a PostgreSQL server; the names are shared by all tests there, so they are others. */
  async prepareDatabase({ text: statements }: Block): Promise<void> {
    if (this.#kind !== 'postgres') return
    this.#prepared = await createEmptyPostgres(statements)
    this.#t.after(() => this.#prepared!.drop())
  }

  async start({ text: shell, where }: Block): Promise<void> {
    assert.match(shell, /npm start\n$/, where)
    if (this.#running) return
    // A fresh embedded database takes seconds: one for each document will do.
    if (this.#kind === 'pglite' && this.#server) return
    const settings = Object.fromEntries([...shell.matchAll(/\b(HILO_\w+)=(\S+)/g)].map(([, name, value]) => [name, value]))
    if (settings.HILO_DATABASE_URL) settings.HILO_DATABASE_URL = this.#prepared!.fill(settings.HILO_DATABASE_URL)
    const printed = await this.#restart(settings)
    const { HILO_BOOTSTRAP_API_KEY: key, HILO_BOOTSTRAP_AGENT_ID: agent } = settings
    if (key === undefined) return
    assert.ok(!printed.includes(key), `${where}: a key that was given is not printed`)
    const response = await fetch(`${await this.#server!.url()}/api/agents/${agent}`, { headers: { authorization: `Bearer ${key}` } })
    assert.equal(response.status, 200, where)
  }

  async run({ text: shell, where }: Block): Promise<void> {
    const filled = this.#placeholders.fill(shell)
    this.#lastOutput = await this.#bash([...this.#variables, filled].join('\n'), where)
    this.#variables.push(...filled.split('\n').filter((line) => /^[A-Z]+=\S+$/.test(line)))
  }

  compare({ text: shown, where }: Block): void {
    this.#placeholders.compare(canonical(shown), canonical(this.#lastOutput), where)
  }

  compareSummary({ text: shown, where }: Block): void {
    const { summary } = JSON.parse(this.#lastOutput) as { summary: string }
    this.#placeholders.compare(shown.trim(), summary, where)
  }

  /** What the model was asked last, the role before each message. */
  comparePrompt({ text: shown, where }: Block): void {
    const { messages } = this.#running!.model.requests.at(-1)!
    const asked = messages.map(({ role, content }) => `${role}:\n${String(content).replace(/^(?=.)/gm, '  ')}\n`).join('\n')
    assert.equal(asked, shown, where)
  }

  /** @returns what it printed. */
  async #restart(settings: Record<string, string>): Promise<string> {
    await this.#stop()
    this.#server = spawnHilo(this.#t, { ...await this.#newDatabase(), ...settings })
    this.#placeholders.restart(await this.#server.url())
    this.#variables = []
    return this.#server.stdout()
  }

  async #stop(): Promise<void> {
    this.#server?.process.kill('SIGINT')
    await this.#server?.ended
  }

  async #newDatabase(): Promise<Record<string, string>> {
    const folder = makeFolder(this.#t)
    if (this.#kind === 'pglite') return { HILO_DATA_DIR: folder }
    const { url, drop } = await createEmptyPostgres()
    this.#t.after(drop)
    return { HILO_DATA_DIR: folder, HILO_DATABASE_URL: url }
  }

  async #bash(script: string, where = 'the printed example'): Promise<string> {
    const child = spawn('bash', ['-c', `set -euo pipefail\n${script}`], { stdio: ['ignore', 'pipe', 'pipe'] })
    const [output, problems, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
    assert.equal(code, 0, `${where}: ${problems}`)
    return output
  }
}

/** JSON with its keys sorted: line breaks and the order of keys are no promise. */
function canonical(json: string): string {
  return JSON.stringify(JSON.parse(json), (_key, value: unknown) => (
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value
  ), 1)
}
