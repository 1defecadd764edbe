import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createAgentEncryption } from '../agents/agent-secrets.ts'
import { openModel } from '../agents/open-settings.ts'
import { readConfig } from '../config.ts'
import { openDatabase } from '../database/open.ts'
import { asOwner } from '../database/transactions.ts'
import { testSecret } from '../test/start-hilo.ts'
import { createTestPostgres, skipWithout } from '../test/test-databases.ts'
import { runHilo } from '../test/run-hilo.ts'

const key = 'sk-from-the-environment'

describe('hilo agents set-model', skipWithout('postgres'), () => {
  test('stores what the server then asks, with the key from the environment, which is never printed', async (t) => {
    const postgres = await createTestPostgres()
    t.after(() => postgres.drop())
    const env = { HILO_DATABASE_URL: postgres.url, HILO_SECRET: testSecret, MY_KEY: key }
    const hilo = async (...args: string[]) => {
      const ran = await runHilo(args, { env })
      assert.ok(!(ran.stdout + ran.stderr).includes(key))
      return ran
    }
    await hilo('organizations', 'create', '--name', 'Sur', '--id', 'org')
    await hilo('agents', 'create', '--name', 'Sales', '--id', 'sales')

    const set = await hilo(
      'agents', 'set-model', 'sales', '--provider', 'openai-compatible', '--name', 'llama3',
      '--base-url', 'https://llm.example.com/v1', '--api-key-env', 'MY_KEY',
    )
    assert.equal(set.stdout, 'Agent sales answers with llama3 (openai-compatible), with the key from MY_KEY.\n', set.stderr)
    const again = await hilo(
      'agents', 'set-model', 'sales', '--provider', 'openai-compatible', '--name', 'llama4',
      '--base-url', 'https://llm.example.com/v1', '--json',
    )
    const { model } = again.json()
    assert.deepEqual([model.name, model.hasApiKey], ['llama4', true])

    const { db, close } = await openDatabase(readConfig(env))
    const { settings } = await asOwner(db, (tx) => tx.selectFrom('agents').select('settings').executeTakeFirstOrThrow())
    await close()
    const encryption = createAgentEncryption({ secret: testSecret })
    const opened = openModel(settings.model!, { encryption, organizationId: 'org', agentId: 'sales', field: 'model' })
    assert.equal(opened.apiKey, key)

    const says = async (...args: string[]) => {
      const { stdout, stderr } = await hilo('agents', 'set-model', 'sales', ...args)
      return stdout.trimEnd() || stderr
    }
    const compatible = ['--provider', 'openai-compatible', '--name', 'llama4', '--base-url']
    assert.match(await says(...compatible, 'https://llm.example.com/v1'), /, with the key it had\.$/)
    const dropped = /, without a key: the one it had was for another provider or base URL, and is dropped\. Give one with --api-key-env\.$/
    assert.match(await says(...compatible, 'https://elsewhere.example.com/v1'), dropped)
    assert.match(await says(...compatible, 'https://elsewhere.example.com/v1'), /, without a key\.$/)

    const openai = ['agents', 'set-model', 'sales', '--provider', 'openai', '--name', 'gpt-4o']
    const wrong: [args: string[], says: RegExp][] = [
      [['agents', 'set-model', 'sales', '--provider', 'azure', '--name', 'x'], /Allowed choices are openai, anthropic/],
      [['agents', 'set-model', 'sales', '--provider', 'openai'], /--name/],
      [['agents', 'set-model', 'sales', '--provider', 'openai-compatible', '--name', 'x'], /baseUrl is needed/],
      [[...openai, '--base-url', 'http://localhost'], /baseUrl/], [[...openai, '--api-key-env', 'NOTHING'], /NOTHING is not set/],
      [['agents', 'set-model', 'nobody', '--provider', 'openai', '--name', 'x'], /No agent "nobody"/],
    ]
    for (const [args, says] of wrong) {
      const ran = await hilo(...args)
      assert.equal(ran.exitCode, 1, ran.stdout)
      assert.match(ran.stderr, says)
    }
  })
})
