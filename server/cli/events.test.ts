import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Beside, serveBeside } from '../test/serve-beside.ts'
import { skipWithout } from '../test/test-databases.ts'
import { followHilo, runHilo } from '../test/run-hilo.ts'

describe('hilo events tail', skipWithout('postgres'), () => {
  let beside: Beside
  let env: Beside['env']
  before(async () => {
    beside = await serveBeside()
    env = beside.env
  })
  after(() => beside.stop())

  const say = (query: string, conversationId: string) => (
    beside.post(`/api/agents/${beside.agentId}/query-agent`, { query, conversationId })
  )

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
    const { items } = await beside.get('/api/events?after=2&types=message.created')
    assert.deepEqual(stdout.trimEnd().split('\n').map((line) => JSON.parse(line)), items)
  })

  test('follows what happens, until Ctrl-C', async (t) => {
    const { lines, stop } = followHilo(t, ['events', 'tail', '--after', '2', '--types', 'message.created'], env)
    assert.match((await lines.next()).value, /agent: Another one$/)
    await say('What comes later', 'two')
    assert.match((await lines.next()).value, /agent: What comes later$/)
    assert.equal(await stop(), 0)
  })

  test('moves on over what its filter leaves out: it may be removed meanwhile', async (t) => {
    await say('What is shown', 'three')
    await say('What is left out', 'four')
    const args = ['--after', '0', '--conversation', 'three', '--types', 'message.created']
    const { lines, stop } = followHilo(t, ['events', 'tail', ...args], env)
    assert.match((await lines.next()).value, /agent: What is shown$/)
    await beside.removeEvents(9)
    await say('What comes later', 'three')
    assert.match((await lines.next()).value, /agent: What comes later$/)
    assert.equal(await stop(), 0)
  })

  test('what is not kept any more is an error, as in the API; --after 0 begins with the oldest that is kept', async () => {
    const oldest = await runHilo(['events', 'tail', '--after', '0', '--no-follow', '--json'], { env })
    assert.equal(oldest.json().seq, 10)
    const removed = await runHilo(['events', 'tail', '--after', '3', '--no-follow'], { env })
    assert.deepEqual([removed.exitCode, removed.stdout], [1, ''])
    assert.match(removed.stderr, /^The events from 4 to 9 are not kept any more\. Send --after 9 to go on/)
    const toCome = await runHilo(['events', 'tail', '--after', '11', '--json'], { env })
    assert.deepEqual([toCome.exitCode, toCome.json().code, toCome.json().field], [1, 'INVALID_REQUEST', 'after'])
    assert.match(toCome.json().hint, /Send --after 10 to go on from now\./)
  })

  test('a conversation, a type or a number that is none is one clear line', async () => {
    const unknown = await runHilo(['events', 'tail', '--conversation', 'none', '--json'], { env })
    assert.deepEqual([unknown.exitCode, unknown.json().field], [1, 'conversation'])
    assert.match(unknown.stderr, /^No conversation "none" in this organization\./)
    const wrong = await runHilo(['events', 'tail', '--types', 'message.create'], { env })
    assert.match(wrong.stderr, /types of events separated by commas, of message\.created, /)
    assert.match((await runHilo(['events', 'tail', '--after', '-1'], { env })).stderr, /must be the number of an event/)
  })
})
