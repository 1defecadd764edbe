import assert from 'node:assert/strict'
import type { Hilo } from './start-hilo.ts'

export interface RecordedMessage {
  messageId: string
  conversationId: string
  visitorId: string
  status: string
}

/** Records messages (the bodies of `POST /api/agents/{id}/messages`) over HTTP; the test fails if one is refused. */
export async function recordMessages(
  hilo: Hilo, messages: readonly object[], agentId = hilo.agentId,
): Promise<RecordedMessage[]> {
  const { status, body } = await hilo.request('POST', `/api/agents/${agentId}/messages`, { body: { messages } })
  assert.equal(status, 200, JSON.stringify(body))
  for (const result of body.results) assert.equal(result.error, undefined, JSON.stringify(result))
  return body.results
}
