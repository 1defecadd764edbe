import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { makeFolder, spawnHilo } from './test/spawn-hilo.ts'
import { createTestPostgres, skipWithout } from './test/test-databases.ts'

/** Settings for an empty PostgreSQL database and an empty data folder. */
async function onPostgres(t: TestContext): Promise<{ HILO_DATABASE_URL: string, HILO_DATA_DIR: string }> {
  const { url, drop } = await createTestPostgres()
  t.after(drop)
  return { HILO_DATABASE_URL: url, HILO_DATA_DIR: makeFolder(t) }
}

/** What the first start prints. */
function readFirst(output: string) {
  const read = (pattern: RegExp) => pattern.exec(output)?.[1]
  return {
    organizationId: read(/^ {2}Organization +(\S+)$/m),
    agentId: read(/^ {2}Agent +(\S+)$/m),
    key: read(/^ {2}API key +(hilo_\S+)/m),
  }
}

/** Runs the printed curl as what it says, without needing curl. */
function runPrintedCurl(output: string, key?: string): Promise<Response> {
  const [, url] = /curl '(\S+)' \\$/m.exec(output)!
  const headers = Object.fromEntries([...output.matchAll(/-H "([^:]+): ([^"]+)"/g)].map(([, name, value]) => [
    name!, value!.replace('YOUR_API_KEY', () => key!),
  ]))
  const [, body] = /-d '([^']+)'$/m.exec(output)!
  return fetch(url!, { method: 'POST', headers, body })
}

/** One line, which says `pattern`, and exit code 1. */
async function assertRefuses(t: TestContext, settings: Record<string, string>, pattern: RegExp): Promise<void> {
  const hilo = spawnHilo(t, settings)
  assert.equal(await hilo.ended, 1)
  assert.match(hilo.stderr(), /^[^\n]+\n$/, 'one line, no stack trace')
  assert.match(hilo.stderr(), pattern)
}

describe('the first start', () => {
  test('on the embedded database: prints ids, key and a curl that works; the second start prints no key', async (t) => {
    const settings = { HILO_DATA_DIR: makeFolder(t) }
    const first = spawnHilo(t, settings)
    await first.url()
    assert.match(first.stdout(), /^Preparing the embedded database; this first start takes a few seconds…\n/)
    const { organizationId, agentId, key } = readFirst(first.stdout())
    assert.match(organizationId!, /^c[0-9a-z]{24}$/)
    assert.match(agentId!, /^c[0-9a-z]{24}$/)
    assert.match(key!, /^hilo_[0-9A-Za-z]{40}$/)
    assert.ok(first.stdout().includes(`  Data          ${settings.HILO_DATA_DIR} (embedded database)\n`))
    assert.equal((await runPrintedCurl(first.stdout())).status, 200)

    await assertRefuses(t, settings, new RegExp(`in use by another Hilo \\(process ${first.process.pid}\\)`))
    first.process.kill('SIGTERM')
    assert.equal(await first.ended, 0)

    const second = spawnHilo(t, settings)
    const url = await second.url()
    assert.doesNotMatch(second.stdout(), /hilo_|Organization|Preparing/)
    const organization = await fetch(`${url}/api/organization`, { headers: { authorization: `Bearer ${key}` } })
    assert.equal(((await organization.json()) as { id: string }).id, organizationId)
  })

  test('on PostgreSQL: of two processes at once one creates what is needed, and both serve', skipWithout('postgres'), async (t) => {
    const settings = await onPostgres(t)
    const processes = [spawnHilo(t, settings), spawnHilo(t, settings)]
    const urls = await Promise.all(processes.map((one) => one.url()))
    const keys = processes.map((one) => readFirst(one.stdout()).key).filter(Boolean)
    assert.equal(keys.length, 1)
    for (const url of urls) {
      const answer = await fetch(`${url}/api/organization`, { headers: { authorization: `Bearer ${keys[0]}` } })
      assert.equal(answer.status, 200)
    }
    for (const one of processes) assert.doesNotMatch(one.stdout(), /postgres:[^/]*@/, 'no password of the database')
  })

  test('keeps given ids and the given key, and does not print the key', skipWithout('postgres'), async (t) => {
    const key = 'key-of-an-existing-installation'
    const hilo = spawnHilo(t, {
      ...await onPostgres(t),
      HILO_BOOTSTRAP_ORGANIZATION_ID: 'clq6o7g3h0000qwxyz1234567', HILO_BOOTSTRAP_AGENT_ID: 'Sales_1',
      HILO_BOOTSTRAP_API_KEY: key, HILO_BOOTSTRAP_DEFAULT_COUNTRY: 'AR',
    })
    const url = await hilo.url()
    assert.ok(!hilo.stdout().includes(key))
    assert.match(hilo.stdout(), /^Record a first message, with your key in the place of YOUR_API_KEY:$/m)
    assert.equal((await runPrintedCurl(hilo.stdout(), key)).status, 200)
    const answer = await fetch(`${url}/api/organization`, { headers: { authorization: `Bearer ${key}` } })
    const { id, defaultCountry } = (await answer.json()) as Record<string, string>
    assert.deepEqual([id, defaultCountry], ['clq6o7g3h0000qwxyz1234567', 'AR'])
    const agent = await fetch(`${url}/api/agents/Sales_1`, { headers: { authorization: `Bearer ${key}` } })
    assert.equal(agent.status, 200)
  })

  test('makes a secret that only its owner can read, and keeps it', skipWithout('postgres'), async (t) => {
    const settings = await onPostgres(t)
    const path = join(settings.HILO_DATA_DIR, 'secret')
    await spawnHilo(t, settings).url()
    const secret = readFileSync(path, 'utf8')
    assert.match(secret, /^[A-Za-z0-9_-]{64}\n$/)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    await spawnHilo(t, settings).url()
    assert.equal(readFileSync(path, 'utf8'), secret)
  })

  test('makes no secret where one is given', skipWithout('postgres'), async (t) => {
    const settings = await onPostgres(t)
    await spawnHilo(t, { ...settings, HILO_SECRET: 'x'.repeat(32) }).url()
    assert.throws(() => statSync(join(settings.HILO_DATA_DIR, 'secret')), { code: 'ENOENT' })
  })
})

describe('what keeps it from starting is one clear line:', () => {
  test('a bad setting', (t) => assertRefuses(t, { HILO_PORT: 'eighty' }, /^HILO_PORT must be a whole number/))

  test('a short bootstrap key, which is not repeated', async (t) => {
    const hilo = spawnHilo(t, { HILO_BOOTSTRAP_API_KEY: 'geheim' })
    assert.equal(await hilo.ended, 1)
    assert.match(hilo.stderr(), /^HILO_BOOTSTRAP_API_KEY must be 24 to 256 /)
    assert.ok(!hilo.stderr().includes('geheim'))
  })

  test('a data folder that cannot be made', (t) => {
    const file = join(makeFolder(t), 'file')
    writeFileSync(file, '')
    return assertRefuses(t, { HILO_DATA_DIR: join(file, 'data') }, /data folder \S+ \(ENOTDIR\)\. .*HILO_DATA_DIR/)
  })

  test('a secret that is none', (t) => {
    const folder = makeFolder(t)
    writeFileSync(join(folder, 'secret'), 'short\n')
    return assertRefuses(t, { HILO_DATA_DIR: folder }, /holds no secret of at least 32 characters/)
  })

  test('a database server that does not answer', (t) => assertRefuses(t, {
    HILO_DATABASE_URL: 'postgres://user:pass-word@127.0.0.1:1/hilo', HILO_DATA_DIR: makeFolder(t),
  }, /^Cannot use PostgreSQL at 127\.0\.0\.1:1\/hilo: (?!.*pass-word).*ECONNREFUSED.*HILO_DATABASE_URL/))

  test('a database that is not there', skipWithout('postgres'), async (t) => {
    const settings = await onPostgres(t)
    const url = new URL(settings.HILO_DATABASE_URL)
    url.pathname = '/nowhere'
    await assertRefuses(t, { ...settings, HILO_DATABASE_URL: url.href }, /"nowhere" does not exist/)
  })

  test('a wrong password', skipWithout('postgres'), async (t) => {
    const settings = await onPostgres(t)
    const url = new URL(settings.HILO_DATABASE_URL)
    url.password = 'wrong'
    await assertRefuses(t, { ...settings, HILO_DATABASE_URL: url.href }, /password authentication failed/)
  })

  test('a port in use; the key that was just created is shown all the same', skipWithout('postgres'), async (t) => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    t.after(() => other.close())
    const { port } = other.address() as AddressInfo
    const hilo = spawnHilo(t, { ...await onPostgres(t), HILO_PORT: String(port) })
    assert.equal(await hilo.ended, 1)
    assert.equal(hilo.stderr(), `Port ${port} of 127.0.0.1 is in use. Stop what listens there, or set HILO_PORT to a free port.\n`)
    assert.match(readFirst(hilo.stdout()).key!, /^hilo_/)
  })

  test('a host that is no address of this machine', skipWithout('postgres'), async (t) => {
    const settings = await onPostgres(t)
    for (const HILO_HOST of ['192.0.2.1', 'no such host']) {
      await assertRefuses(t, { ...settings, HILO_HOST }, /^HILO_HOST "[^"]+" is no address of this machine/)
    }
  })
})

describe('on a signal', skipWithout('postgres'), () => {
  /** A request whose second half is still to come. */
  async function startRequest(t: TestContext) {
    const hilo = spawnHilo(t, await onPostgres(t))
    const url = await hilo.url()
    const { agentId, key } = readFirst(hilo.stdout())
    const body = JSON.stringify({ query: 'x' })
    const sent = request(`${url}/api/agents/${agentId}/query-agent`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-length': body.length },
    })
    sent.on('error', () => {}) // the connection may break when the process is ended
    sent.write(body.slice(0, 5))
    await once(sent, 'socket')
    await (await fetch(`${url}/livez`)).text() // by now the first half has arrived
    return { hilo, sent, rest: body.slice(5) }
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`${signal}: what is in flight is finished, then it ends with 0`, async (t) => {
      const { hilo, sent, rest } = await startRequest(t)
      hilo.process.kill(signal)
      await hilo.printed(new RegExp(`${signal}: finishing what is in flight`))
      const answered = once(sent, 'response')
      sent.end(rest)
      const [response] = (await answered) as [IncomingMessage]
      response.resume()
      assert.deepEqual([response.statusCode, response.headers.connection], [200, 'close'])
      assert.equal(await hilo.ended, 0)
      assert.equal(hilo.stderr(), '')
    })
  }

  test('a second one ends it at once, with 1', async (t) => {
    const { hilo } = await startRequest(t)
    hilo.process.kill('SIGTERM')
    await hilo.printed(/finishing what is in flight/)
    hilo.process.kill('SIGTERM')
    assert.equal(await hilo.ended, 1)
  })
})
