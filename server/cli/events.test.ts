import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { readConfig } from '../config.ts'
import { openDatabase } from '../database/open.ts'
import { type RunningServer, startServer } from '../start-server.ts'
import { createTestPostgres, skipWithout } from '../test/test-databases.ts'
import { followHilo, runHilo } from './run-hilo.ts'

describe('hilo events tail', skipWithout('postgres'), () => {
  let env: Record<string, string>
  let server: RunningServer
  let close: () => Promise<void>
  let agentId: string
  let key: string

  before(async () => {
    const postgres = await createTestPostgres()
    env = { HILO_DATABASE_URL: postgres.url }
    const json = async (...args: string[]) => (await runHilo([...args, '--json'], { env })).json()
    await json('organizations', 'create', '--name', 'Sur')
    agentId = (await json('agents', 'create', '--name', 'Sales')).id
    key = (await json('keys', 'create', '--name', 'n8n')).key
    const config = { ...readConfig(env), port: 0, logLevel: 'silent' as const }
    const database = await openDatabase(config)
    server = await startServer(config, { database })
    close = async () => {
      await server.stop()
      await database.close()
      await postgres.drop()
    }
  })
  after(() => close())

  const say = (query: string, conversationId: string) => fetch(`${server.url}/api/agents/${agentId}/query-agent`, {
    method: 'POST', body: JSON.stringify({ query, conversationId }),
    headers: { 'authorization': `Bearer ${key}`, 'content-type': 'application/json' },
  })

  test('shows what is there: number, time, type and what it is about', async () => {
    await say('Hello\n\n  from my agent', 'one')
    const { stdout, exitCode } = await runHilo(['events', 'tail', '--after', '0', '--no-follow'], { env })
    assert.equal(exitCode, 0)
    const lines = stdout.trimEnd().split('\n')
    assert.deepEqual(lines.map((line) => line.trim().split(/ +/)[0]), ['1', '2'])
    assert.match(lines[1]!, /^ +2 {2}\d{4}-\S+Z {2}message\.created +conversation c\w{24} {2}agent: Hello from my agent$/)
  })

  test('--json prints them as the API answers them; --types and --conversation choose', async () => {
    await say('Another one', 'two')
    const args = ['--after', '0', '--no-follow', '--types', 'message.created', '--conversation', 'two', '--json']
    const { stdout } = await runHilo(['events', 'tail', ...args], { env })
    const answer = await fetch(`${server.url}/api/events?after=2&types=message.created`, {
      headers: { authorization: `Bearer ${key}` },
    })
    assert.deepEqual(stdout.trimEnd().split('\n').map((line) => JSON.parse(line)), (await answer.json() as { items: [] }).items)
  })

  test('follows what happens, until Ctrl-C', async (t) => {
    const { lines, stop } = followHilo(t, ['events', 'tail', '--after', '2', '--types', 'message.created'], env)
    assert.match((await lines.next()).value, /agent: Another one$/)
    await say('What comes later', 'two')
    assert.match((await lines.next()).value, /agent: What comes later$/)
    assert.equal(await stop(), 0)
  })

  test('a conversation, a type or a number that is none is one clear line', async () => {
    const unknown = await runHilo(['events', 'tail', '--conversation', 'three'], { env })
    assert.deepEqual([unknown.exitCode, unknown.stdout], [1, ''])
    assert.match(unknown.stderr, /^No conversation "three" in this organization\./)
    const wrong = await runHilo(['events', 'tail', '--types', 'message.create'], { env })
    assert.match(wrong.stderr, /types of events separated by commas, of message\.created, /)
    assert.match((await runHilo(['events', 'tail', '--after', '-1'], { env })).stderr, /must be the number of an event/)
  })
})
