import assert from 'node:assert/strict'
import type { Answer, Hilo, RequestOptions } from './start-hilo.ts'

type Body = Record<string, unknown>

/** Sets the agent of a test to ask this model. */
export async function setModel(hilo: Hilo, baseUrl: string, settings: Body = {}): Promise<void> {
  const { status, body } = await hilo.request('PATCH', `/api/agents/${hilo.agentId}`, {
    body: { model: { provider: 'openai-compatible', name: 'scripted', baseUrl }, ...settings },
  })
  assert.equal(status, 200, JSON.stringify(body))
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

/** Turns of a conversation, oldest first. */
export async function readTurns(hilo: Hilo, conversationId: string): Promise<Answer['body'][]> {
  const { status, body } = await hilo.request('GET', `/api/conversations/${conversationId}/turns`)
  assert.equal(status, 200, JSON.stringify(body))
  return body.items.toReversed()
}
