import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import type { NewWebhookEndpointBody, WebhookAttempt, WebhookEndpoint } from '@hilo/contract'
import { record } from './query-agent.ts'
import type { Hilo } from './start-hilo.ts'
import type { Received } from './webhook-receiver.ts'

/** Short enough for a test to wait for. */
export const webhookTimes = {
  retryDelaysMs: [5, 5, 5, 5], timeoutMs: 5_000, pollMs: 50, patienceMs: 50, startAfterMs: 0, claimMs: 7_000,
}

export async function createEndpoint(hilo: Hilo, body: NewWebhookEndpointBody) {
  const answer = await hilo.request('POST', '/api/webhook-endpoints', { body })
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  return answer.body as WebhookEndpoint & { secret: string }
}

export const say = (hilo: Hilo, conversationId: string, query: string) => record(hilo, { conversationId, query })

/** Reads until it is as wanted: what is told from outside has no event to wait for. */
export async function until<Value>(read: () => Promise<Value>, isWanted: (value: Value) => boolean): Promise<Value> {
  for (;;) {
    const value = await read()
    if (isWanted(value)) return value
    await setTimeout(10)
  }
}

export const readEndpoint = async (hilo: Hilo, id: string): Promise<WebhookEndpoint> => (
  (await hilo.request('GET', `/api/webhook-endpoints/${id}`)).body
)
export const readAttempts = async (hilo: Hilo, id: string): Promise<WebhookAttempt[]> => (
  (await hilo.request('GET', `/api/webhook-endpoints/${id}/attempts?limit=100`)).body.items
)
export const countWaiting = (hilo: Hilo) => hilo.asOwner(async (tx) => (
  await tx.selectFrom('webhook_deliveries').select('seq').where('organization_id', '=', hilo.organizationId).execute()
).length)

/** The texts of the messages that were told of, by conversation. */
export function textsOf(received: readonly Received[]): Record<string, string[]> {
  const texts: Record<string, string[]> = {}
  for (const { event } of received) {
    const { message } = event.data as { message?: { text: string, conversationId: string } }
    if (message) (texts[message.conversationId] ??= []).push(message.text)
  }
  return texts
}
