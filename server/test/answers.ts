import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type ScriptedModel, startScriptedModel } from './scripted-model.ts'
import { type Answer, type Hilo, type RequestOptions, startHiloWith } from './start-hilo.ts'
import type { DatabaseKind } from './test-databases.ts'

type Body = Record<string, unknown>

/** Sets the agent of a test to ask this model. */
export async function setModel(hilo: Hilo, baseUrl: string, settings: Body = {}): Promise<void> {
  const { status, body } = await hilo.request('PATCH', `/api/agents/${hilo.agentId}`, {
    body: { model: { provider: 'openai-compatible', name: 'scripted', baseUrl }, ...settings },
  })
  assert.equal(status, 200, JSON.stringify(body))
}

/** Scripted models are on this machine. */
const withLocalModels = { allowPrivateTargets: true }

type Script = Parameters<typeof startScriptedModel>[1]

/** A Hilo whose agent asks a scripted model, by these settings; without a script it always says "Hi.". */
export async function startAnswering(
  t: TestContext, database: DatabaseKind, { script = () => ({ text: 'Hi.' }), ...settings }: Body & { script?: Script } = {},
): Promise<{ hilo: Hilo, model: ScriptedModel }> {
  const hilo = await startHiloWith(database, withLocalModels)
  const model = await startScriptedModel(t, script)
  await setModel(hilo, model.baseUrl, settings)
  return { hilo, model }
}

/** Asks the AI. */
export function query(
  hilo: Hilo, said: Body, { path = '', ...options }: Omit<RequestOptions, 'body'> & { path?: string } = {},
): Promise<Answer> {
  return hilo.request('POST', `/api/agents/${hilo.agentId}/query${path}`, { body: { query: 'Hola', ...said }, ...options })
}

/** Asks the AI; the test fails if that is refused. */
export async function ask(hilo: Hilo, said: Body, options?: Parameters<typeof query>[2]): Promise<Answer['body']> {
  const { status, body } = await query(hilo, said, options)
  assert.equal(status, 200, JSON.stringify(body))
  return body
}

/** Asks the AI, until the signal says that the caller goes away. */
export function askAndLeave({ url, agentId, key }: Hilo, said: Body, signal: AbortSignal): Promise<Response> {
  return fetch(`${url}/api/agents/${agentId}/query`, {
    method: 'POST', signal, body: JSON.stringify(said),
    headers: { 'content-type': 'application/json', 'authorization': `Bearer ${key}` },
  })
}

/** Turns of a conversation, oldest first. */
export async function readTurns(hilo: Hilo, conversationId: string): Promise<Answer['body'][]> {
  const { status, body } = await hilo.request('GET', `/api/conversations/${conversationId}/turns`)
  assert.equal(status, 200, JSON.stringify(body))
  return body.items.toReversed()
}
