// Alone: it takes long, and is to begin early.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Approval } from '@hilo/contract'
import { headers, ids, makeSettings } from './crash-settings.ts'
import { startScriptedModel } from './scripted-model.ts'
import { spawnHilo } from './spawn-hilo.ts'
import { startServer } from './start-server.ts'

const refund = { name: 'refund', description: 'Refunds.', requiresApproval: true, parameters: { type: 'object' } }

async function call<Answer>(url: string, method: string, body?: object): Promise<{ status: number, body: Answer }> {
  const response = await fetch(url, { method, headers, body: body && JSON.stringify(body) })
  return { status: response.status, body: await response.json() as Answer }
}

test('killed while an approved tool runs, the next start on the embedded database says so, and the tool is not called again', async (t) => {
  const called = Promise.withResolvers<void>()
  let calls = 0
  const shop = await startServer(t, () => { // never answers
    calls += 1
    called.resolve()
  })
  const model = await startScriptedModel(t, (_, index) => (
    index === 0 ? { toolCalls: [{ name: 'refund', arguments: {} }] } : { text: 'It is being checked.' }
  ))
  const settings = await makeSettings(t, 'pglite')
  const killed = spawnHilo(t, settings)
  const url = await killed.url()
  const agent = `/api/agents/${ids.agentId}`
  await call(url + agent, 'PATCH', {
    model: { provider: 'openai-compatible', name: 'scripted', baseUrl: model.baseUrl }, tools: [{ ...refund, url: shop.url }],
  })
  const { body: { approvals: [asked] } } = await call<{ approvals: Approval[] }>(`${url}${agent}/query`, 'POST', { query: 'Hola' })
  const path = `/api/approvals/${asked!.id}/approve`
  const approving = assert.rejects(call(url + path, 'POST'))
  await called.promise
  killed.process.kill('SIGKILL')
  await approving
  await killed.ended

  const next = await spawnHilo(t, settings).url()
  const { body: { items } } = await call<{ items: Approval[] }>(`${next}/api/approvals`, 'GET')
  assert.deepEqual(items.map(({ id, status }) => [id, status]), [[asked!.id, 'failed']])
  assert.match(items[0]!.result!, /the tool may have done its work/)
  assert.equal((await call(next + path, 'POST')).status, 409)
  assert.equal(calls, 1)
})
