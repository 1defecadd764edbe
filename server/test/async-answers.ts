import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type Event, eventSchemas, type WebhookEndpoint } from '@hilo/contract'
import Schema from 'typebox/schema'
import type { OpenDatabase } from '../database/open.ts'
import { setModel } from './answers.ts'
import { type ChatRequest, type Reply, type ScriptedModel, startScriptedModel } from './scripted-model.ts'
import { type Hilo, startAlone } from './start-hilo.ts'
import { type Received, verify } from './webhook-receiver.ts'
import { webhookTimes } from './webhooks.ts'

export const answerTimes = { beatMs: 50, pollMs: 20, patienceMs: 0 }

/** Data of the events that bring answers. */
export interface AnswerData {
  messageId?: string
  conversationId: string
  conversation: { id: string } | null
  message?: { text: string, author: { kind: string } }
  turn: { id: string, messageIds: string[], outcome?: string, part?: number, parts?: number }
  error?: { code: string, message: string }
}

export interface AsyncHilo {
  hilo: Hilo & { stop(): Promise<void> }
  model: ScriptedModel
  /** The endpoint of the agent's answers, and what signs them. */
  endpoint: WebhookEndpoint & { secret: string }
  /** Throws unless it is signed, and as its schema in the API says. */
  open(one: Received): AnswerData
}

interface Options {
  answer(request: ChatRequest, index: number): Reply | Promise<Reply>
  settings?: Record<string, unknown>
  times?: Partial<typeof webhookTimes>
}

/** A Hilo alone on its database with an agent that can be asked asynchronously. */
export async function startAsync(t: TestContext, database: OpenDatabase, options: Options): Promise<AsyncHilo> {
  const hilo = await startAlone(t, database, { webhookTimes: { ...webhookTimes, ...options.times }, answerTimes })
  const model = await startScriptedModel(t, options.answer)
  await setModel(hilo, model.baseUrl, { conversationalMode: { isEnabled: false }, ...options.settings })
  const endpoint = await takeSecret(hilo)
  return { hilo, model, endpoint, open: (one) => openAnswer(endpoint.secret, one) }
}

/** The endpoint that Hilo made for the agent's answers, as its administrator gets hold of the secret. */
export async function takeSecret(hilo: Hilo): Promise<AsyncHilo['endpoint']> {
  const { body: { items } } = await hilo.request('GET', '/api/webhook-endpoints')
  const { id } = (items as WebhookEndpoint[]).find(({ kind, agentId }) => kind === 'answers' && agentId === hilo.agentId)!
  const { status, body } = await hilo.request('POST', `/api/webhook-endpoints/${id}/rotate-secret`, {
    body: { overlapSeconds: 0 },
  })
  assert.equal(status, 200, JSON.stringify(body))
  return body
}

function openAnswer(secret: string, one: Received): AnswerData {
  const event = verify(secret, one) as Event
  assert.equal(one.headers['webhook-id'], event.id)
  assert.deepEqual(Schema.Errors(eventSchemas[event.type], event)[1], [])
  return event.data as unknown as AnswerData
}
