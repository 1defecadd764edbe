import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { readConfig } from '../config.ts'
import { openDatabase } from '../database/open.ts'
import { asOwner } from '../database/transactions.ts'
import { startServer } from '../start-server.ts'
import { describeStart } from '../start-texts.ts'
import { readDocument } from '../test/document.ts'
import { testSecret } from '../test/start-hilo.ts'
import { createTestPostgres, skipWithout } from '../test/test-databases.ts'
import { runHilo } from '../test/run-hilo.ts'

describe('the command line on PostgreSQL, beside a running server', skipWithout('postgres'), () => {
  let postgres: Awaited<ReturnType<typeof createTestPostgres>>
  let env: Record<string, string>
  before(async () => {
    postgres = await createTestPostgres()
    env = { HILO_DATABASE_URL: postgres.url }
  })
  after(() => postgres.drop())

  const hilo = (...args: string[]) => runHilo(args, { env })
  const json = async (...args: string[]) => {
    const ran = await hilo(...args, '--json')
    assert.equal(ran.exitCode, 0, ran.stderr)
    return ran.json()
  }
  /** Serves one request on a server of its own, which remembers no key. */
  const request = async (path: string, key: string) => {
    const config = { ...readConfig(env), port: 0, logLevel: 'silent' as const, secret: testSecret }
    const database = await openDatabase(config)
    const server = await startServer(config, { database })
    try {
      return (await fetch(server.url + path, { headers: { authorization: `Bearer ${key}` } })).status
    } finally {
      await server.stop()
      await database.close()
    }
  }
  const readAudit = async () => {
    const { db, close } = await openDatabase(readConfig(env))
    const rows = await asOwner(db, (tx) => tx.selectFrom('audit_log').select(['actor', 'action', 'subject']).execute())
    await close()
    return rows
  }

  test('without any organization, commands say how to make one', async () => {
    const { exitCode, stderr } = await hilo('keys', 'list')
    assert.equal(exitCode, 1)
    assert.match(stderr, /^There is no organization yet\. Make one: npx hilo organizations create/)
  })

  test('what is created works over HTTP, a revoked key no longer, and the audit log has it all', async () => {
    const organization = await json('organizations', 'create', '--name', 'Sur', '--id', 'org-of-before')
    const agent = await json('agents', 'create', '--name', 'Sales', '--id', 'agent-of-before')
    const key = await json('keys', 'create', '--name', 'reader', '--scopes', 'history:read', '--expires', '30d')
    assert.deepEqual([organization.id, agent.id, key.scopes], ['org-of-before', 'agent-of-before', ['history:read']])
    assert.equal(await request('/api/agents/agent-of-before', key.key), 200)
    const revoked = await hilo('keys', 'revoke', key.id)
    assert.match(revoked.stdout, /^Revoked API key \w+ \(reader\)\./)
    assert.equal(await request('/api/agents/agent-of-before', key.key), 401)
    const { stdout } = await hilo('keys', 'list')
    assert.match(stdout, /reader\s+hilo_\w{4}…\s+revoked/)
    assert.ok(!stdout.includes(key.key))
    assert.deepEqual((await readAudit()).map(({ actor, action, subject }) => `${actor} ${action} ${subject}`).sort(), [
      'cli agent.created agent-of-before', `cli api_key.created ${key.id}`, `cli api_key.revoked ${key.id}`,
      'cli organization.created org-of-before',
    ])
  })

  test('the command that a start prints, and the README, for who has lost the key makes one that may do everything', async () => {
    const database = { kind: 'postgres', location: 'here' } as const
    const printed = describeStart({ url: 'http://localhost', database, first: undefined, ignored: [], unknown: [] })
    const [command = '', name = '', scopes = ''] = /npx hilo keys create --name "(.+)" --scopes (\S+)/.exec(printed)!
    assert.ok(readDocument('README.md').includes(`**Lost the key?** \`${command}\``))
    const { key } = await json('keys', 'create', '--name', name, '--scopes', scopes)
    assert.equal(await request('/api/api-keys', key), 200)
    assert.equal(await request('/api/contacts', key), 200)
  })

  test('an id that is taken is refused, and nothing changes', async () => {
    const organization = await hilo('organizations', 'create', '--name', 'Other', '--id', 'org-of-before')
    assert.deepEqual([organization.exitCode, organization.stderr], [1, 'There is an organization "org-of-before" already.\n'])
    const agent = await hilo('agents', 'create', '--name', 'Other', '--id', 'agent-of-before')
    assert.match(agent.stderr, /^This organization already has an agent with the id "agent-of-before"\./)
  })

  test('resolve says in words where a message would land', async () => {
    const { exitCode, stdout } = await hilo('resolve', '--channel', 'whatsapp', '--visitor-id', '+54 9 11 5555-0000')
    assert.equal(exitCode, 0)
    assert.match(stdout, /^It opens a new conversation: .*\+5491155550000/)
    const { resolution } = await json('resolve', '--conversation-id', '12')
    assert.deepEqual([resolution.conversation.created, resolution.warnings[0].code], [true, 'BARE_CHATWOOT_NUMBER'])
  })

  test('resolve refuses a near miss with reason and correction, and exit code 1', async () => {
    const { exitCode, stdout, stderr } = await hilo('resolve', '--conversation-id', 'CRMchatsappai_12_345')
    assert.deepEqual([exitCode, stdout], [1, ''])
    assert.match(stderr, /not a right Chatwoot id.*Did you mean "crmchatsappai_12_345"\?\n$/)
    const refused = await hilo('resolve', '--channel', 'whatsapp', '--visitor-id', '{{ $json.wa_id }}', '--json')
    assert.equal(refused.exitCode, 1)
    assert.deepEqual([refused.json().code, refused.json().field], ['INVALID_ID', 'visitorId'])
  })

  test('where the API would point to a route, a command points to the command, or to nothing where there is none', async () => {
    const revoked = await hilo('keys', 'revoke', 'nobody')
    assert.equal(revoked.stderr, 'No API key "nobody" in this organization. '
      + 'Give the id of the key, as "npx hilo keys list" lists it, not the key itself.\n')
    const set = await hilo('agents', 'set-model', 'from', '--provider', 'openai', '--name', 'gpt-4o-mini')
    assert.equal(set.stderr, 'No agent "from" in this organization. "npx hilo agents list" lists them.\n')
    const followed = await hilo('events', 'tail', '--conversation', 'nobody', '--json')
    assert.equal(followed.stderr, 'No conversation "nobody" in this organization.\n')
    assert.equal('hint' in followed.json(), false)
  })

  test('with several organizations or agents, the command asks which one is meant and lists them', async () => {
    await json('organizations', 'create', '--name', 'North', '--id', 'second')
    const unclear = await hilo('agents', 'list')
    assert.match(unclear.stderr, /--organization which of the 2 .*There are: second \(North\), org-of-before \(Sur\)\.\n$/)
    const wrong = await hilo('resolve', '--organization', 'org-of-before', '--agent', 'nobody')
    assert.match(wrong.stderr, /^No agent "nobody" in this organization\. There are: agent-of-before \(Sales\)\.\n$/)
    assert.deepEqual((await json('agents', 'list', '--organization', 'second')).items, [])
  })
})

test('a database that does not answer is one line and exit code 1', async () => {
  const env = { HILO_DATABASE_URL: 'postgres://hilo:hidden-password@127.0.0.1:1/hilo' }
  const { exitCode, stdout, stderr } = await runHilo(['organizations', 'list', '--json'], { env })
  assert.equal(exitCode, 1)
  assert.match(stderr, /^Cannot use PostgreSQL at 127\.0\.0\.1:1\/hilo: .*ECONNREFUSED.*\n$/)
  assert.match(JSON.parse(stdout).error, /^Cannot use PostgreSQL/)
  assert.ok(!(stdout + stderr).includes('hidden-password'))
})
