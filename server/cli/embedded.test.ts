// Alone: it takes a minute, and is to begin early.
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { type Ran, runHilo, serveHilo } from '../test/run-hilo.ts'
import { makeFolder } from '../test/spawn-hilo.ts'

const oneLine = (text: string) => text.trimEnd().split('\n').length === 1

/** One story on one folder: each start of the embedded database takes its seconds. */
test('on the embedded database, the command line sets up what the server then serves, and the two never meet', async (t) => {
  const env = { HILO_DATA_DIR: makeFolder(t), HILO_PORT: '0' }
  const hilo = (...args: string[]) => runHilo(args, { env })
  const json = async (...args: string[]) => {
    const ran = await hilo(...args, '--json')
    assert.equal(ran.exitCode, 0, ran.stderr)
    return ran.json()
  }
  let ids: { organizationId: string, id: string, key: string }
  let agentId: string

  await t.test('what only reads makes no database where there is none', async () => {
    for (const ran of [await hilo('agents', 'list'), await hilo('doctor')]) {
      assert.match(ran.stderr + ran.stdout, /HILO_DATA_DIR/)
    }
    assert.deepEqual(readdirSync(env.HILO_DATA_DIR), [])
  })

  await t.test('organization, agent and key are created; the key is shown', async () => {
    const organization = await json('organizations', 'create', '--name', 'Ferretería Sur', '--default-country', 'AR')
    assert.equal(organization.defaultCountry, 'AR')
    agentId = (await json('agents', 'create', '--name', 'Sales')).id
    ids = await json('keys', 'create', '--name', 'n8n', '--scopes', 'messages:write')
    assert.equal(ids.organizationId, organization.id)
    assert.match(ids.key, /^hilo_\w{40}$/)
  })

  await t.test('while a server has the folder, a command names it and the route to use instead', async (t) => {
    const server = await serveHilo(t, env)
    const recorded = await record(server.url, { agentId, key: ids.key })
    assert.equal(recorded.status, 200)
    const refused = await hilo('keys', 'list')
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, new RegExp(`process ${server.pid}\\).* Stop that one, or .*GET /api/api-keys`))
    assert.ok(oneLine(refused.stderr))
    const doctor = await runHilo(['doctor'], { env: { ...env, HILO_PORT: new URL(server.url).port } })
    assertDoctor(doctor, 0, [`OK    database            Embedded in .*, open in process ${server.pid}`, 'OK    port .*ready to record'])
    assert.equal(await server.stop(), 0)
  })

  await t.test('afterwards the key can be revoked, and the doctor finds all well', async () => {
    assert.notEqual((await json('keys', 'revoke', ids.id)).revokedAt, null)
    assertDoctor(await hilo('doctor'), 0, ['OK    secret', 'OK    migrations', 'OK    row-level security', 'All is well'])
    assert.equal(existsSync(`${env.HILO_DATA_DIR}/hilo.lock`), false)
  })
})

function assertDoctor({ exitCode, stdout }: Ran, expected: number, lines: readonly string[]): void {
  for (const line of lines) assert.match(stdout, new RegExp(line))
  assert.equal(exitCode, expected, stdout)
}

function record(url: string, { agentId, key }: { agentId: string, key: string }): Promise<Response> {
  return fetch(`${url}/api/agents/${agentId}/query-agent`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: 'Your order is on its way.' }),
  })
}
