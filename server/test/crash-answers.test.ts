// Alone: it takes minutes, and is to begin first.
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { describe, test, type TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { Event } from '@hilo/contract'
import { readConfig } from '../config.ts'
import { openDatabase } from '../database/open.ts'
import { asOwner } from '../database/transactions.ts'
import { headers, ids, makeSettings } from './crash-settings.ts'
import { type ScriptedModel, startScriptedModel } from './scripted-model.ts'
import { spawnHilo } from './spawn-hilo.ts'
import { databases, skipWithout } from './test-databases.ts'
import { type Received, type Receiver, startReceiver, verify } from './webhook-receiver.ts'

/** How many times the process is killed; for a long run: HILO_TEST_KILLS=60. */
const kills = Number(process.env.HILO_TEST_KILLS ?? 3)
const perKill = 10

interface Crashing {
  settings: Record<string, string>
  model: ScriptedModel
  receiver: Receiver
  /** What is to be asked, and whether a server has taken it. */
  questions: Map<string, boolean>
}

async function call<Answer>(url: string, method: string, body?: object): Promise<Answer> {
  const response = await fetch(url, { method, headers, body: body && JSON.stringify(body) })
  assert.ok(response.ok, `${method} ${url}: ${response.status}`)
  return await response.json() as Answer
}

/** Asks in a conversation of its own, for an answer at an address of its own, until a server has taken it. */
async function askOnce(url: string, { questions, receiver }: Crashing, name: string): Promise<void> {
  try {
    await call(`${url}/api/agents/${ids.agentId}/query`, 'POST', {
      query: name, conversationId: name, externalId: name, source: 'crash', webhookUrl: `${receiver.url}?${name}`,
    })
    questions.set(name, true)
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error // else the connection broke: nobody knows
  }
}

const askOpen = (url: string, crashing: Crashing) => (
  Promise.all([...crashing.questions].filter(([, isTaken]) => !isTaken).map(([name]) => askOnce(url, crashing, name)))
)

/** Kills the process when it has asked the model so many times. */
async function askAndKill(t: TestContext, crashing: Crashing): Promise<void> {
  const { settings, model, questions } = crashing
  const hilo = spawnHilo(t, settings)
  const url = await hilo.url()
  for (let count = 0; count < perKill; count += 1) questions.set(`q${questions.size}`, false)
  const killed = model.waitFor(model.requests.length + randomInt(1, perKill + 1)).then(() => hilo.process.kill('SIGKILL'))
  await Promise.all([killed, askOpen(url, crashing)])
  assert.equal(await hilo.ended, 'SIGKILL')
}

/** What verifies, by the question that it came for. */
function openAll(secret: string, received: readonly Received[]): Map<string, Set<string>> {
  const answers = new Map<string, Set<string>>()
  for (const one of received) {
    const event = verify(secret, one) as Extract<Event, { type: 'message.created' }>
    assert.equal(event.type, 'message.created')
    const name = event.data.message!.text.replace('Answer to ', '')
    answers.set(name, (answers.get(name) ?? new Set()).add(event.id))
  }
  return answers
}

async function prepare(t: TestContext, crashing: Crashing): Promise<string> {
  const hilo = spawnHilo(t, crashing.settings)
  const url = await hilo.url()
  await call(`${url}/api/agents/${ids.agentId}`, 'PATCH', {
    model: { provider: 'openai-compatible', name: 'scripted', baseUrl: crashing.model.baseUrl },
    conversationalMode: { isEnabled: false },
  })
  const { items: [{ id }] } = await call<{ items: [{ id: string }] }>(`${url}/api/webhook-endpoints`, 'GET')
  const { secret } = await call<{ secret: string }>(`${url}/api/webhook-endpoints/${id}/rotate-secret`, 'POST', {})
  hilo.process.kill('SIGTERM')
  assert.equal(await hilo.ended, 0)
  return secret
}

/** Starts for the last time, and stops when each question has its answer. The time limit of the test ends the wait. */
async function settle(t: TestContext, crashing: Crashing): Promise<void> {
  const hilo = spawnHilo(t, crashing.settings)
  await askOpen(await hilo.url(), crashing)
  assert.ok([...crashing.questions.values()].every(Boolean))
  const isAnswered = ({ event }: Received) => (event.data as { message: { text: string } }).message.text
  await crashing.receiver.until((received) => new Set(received.map(isAnswered)).size >= crashing.questions.size)
  hilo.process.kill('SIGTERM')
  assert.equal(await hilo.ended, 0)
}

/** One message of the customer and one of the AI in each conversation; nothing is open, and nothing waits. */
async function assertEachOnce({ settings, questions }: Crashing): Promise<void> {
  const { db, close } = await openDatabase(readConfig(settings))
  const { messages, open, deliveries } = await asOwner(db, async (tx) => ({
    messages: await tx.selectFrom('messages').selectAll().execute(),
    open: await tx.selectFrom('questions').select('message_id').where('settled_at', 'is', null).execute(),
    deliveries: await tx.selectFrom('webhook_deliveries').selectAll().execute(),
  })).finally(close)
  const said = messages.map((row) => `${row.author_kind}: ${row.text}`).sort()
  const names = [...questions.keys()]
  assert.deepEqual(said, names.flatMap((name) => [`contact: ${name}`, `ai: Answer to ${name}`]).sort())
  assert.deepEqual([open, deliveries], [[], []])
}

for (const database of databases) {
  describe(`killed while the AI answers, on ${database}`, { ...skipWithout(database), timeout: 240_000 + kills * 30_000 }, () => {
    test('each question of an asynchronous call has one answer in the end, which arrives', async (t) => {
      const model = await startScriptedModel(t, async ({ messages }) => {
        await wait(randomInt(100)) // a model takes its time: that is when the process is killed
        return { text: `Answer to ${String(messages.at(-1)!.content)}` }
      })
      const crashing: Crashing = {
        settings: await makeSettings(t, database), model, receiver: await startReceiver(t), questions: new Map(),
      }
      const secret = await prepare(t, crashing)
      for (let kill = 0; kill < kills; kill += 1) await askAndKill(t, crashing)
      await settle(t, crashing)
      const answers = openAll(secret, crashing.receiver.received)
      assert.deepEqual([...answers.keys()].sort(), [...crashing.questions.keys()].sort())
      for (const [name, eventIds] of answers) assert.equal(eventIds.size, 1, name)
      await assertEachOnce(crashing)
    })
  })
}
