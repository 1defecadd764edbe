// Alone: it takes minutes, and is to begin first.
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { describe, test, type TestContext } from 'node:test'
import { sql } from 'kysely'
import { readConfig } from '../config.ts'
import { openDatabase } from '../database/open.ts'
import type { Transaction } from '../database/schema.ts'
import { asOwner } from '../database/transactions.ts'
import { makeSettings, record } from './crash-settings.ts'
import { spawnHilo } from './spawn-hilo.ts'
import { databases, skipWithout } from './test-databases.ts'

const kills = 10
const clients = 8
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

interface Sent {
  query: string
  externalId: string
  conversationId: string
  contact: { userId: string }
}

interface Acknowledged {
  messageId: string
  conversationId: string
}

/** What the clients know: what they sent, and what was acknowledged of it. */
interface Ledger {
  sent: Sent[]
  acknowledged: Map<string, Acknowledged>
}

function makeMessage(ledger: Ledger): Sent {
  const number = ledger.sent.length + 1
  const message = {
    query: `text ${number} ñ😀%`, externalId: `e${number}`, conversationId: `c${number % 5}`,
    contact: { userId: `u${number % 5}` },
  }
  ledger.sent.push(message)
  return message
}

function unacknowledged({ sent, acknowledged }: Ledger): Sent[] {
  return sent.filter(({ externalId }) => !acknowledged.has(externalId))
}

/** Sends one message. @returns false where the connection broke: nobody knows then whether it was recorded. */
async function send(url: string, ledger: Ledger, message: Sent): Promise<boolean> {
  let answer: { status: number, body: Acknowledged }
  try {
    const response = await record(url, message)
    answer = { status: response.status, body: await response.json() as Acknowledged }
  } catch {
    return false
  }
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  const before = ledger.acknowledged.get(message.externalId)
  if (before) assert.equal(answer.body.messageId, before.messageId)
  ledger.acknowledged.set(message.externalId, answer.body)
  return true
}

/** Clients send as fast as they can until the server is killed, in the midst of it. */
async function loadAndKill(t: TestContext, settings: Record<string, string>, ledger: Ledger): Promise<void> {
  const hilo = spawnHilo(t, settings)
  const url = await hilo.url()
  const killAt = ledger.acknowledged.size + randomInt(1, 150)
  const again = unacknowledged(ledger)
  await Promise.all(upTo(clients).map(async () => {
    while (await send(url, ledger, again.pop() ?? makeMessage(ledger))) {
      if (ledger.acknowledged.size >= killAt) hilo.process.kill('SIGKILL')
    }
  }))
  assert.equal(await hilo.ended, 'SIGKILL')
}

/** Starts once more and sends again what nobody answered, and some of what somebody did. */
async function settle(t: TestContext, settings: Record<string, string>, ledger: Ledger): Promise<void> {
  const hilo = spawnHilo(t, settings)
  const url = await hilo.url()
  const again = [...unacknowledged(ledger), ...ledger.sent.slice(0, 20), ...ledger.sent.slice(-20)]
  const sent = await Promise.all(again.map((message) => send(url, ledger, message)))
  assert.ok(sent.every(Boolean))
  hilo.process.kill('SIGTERM')
  assert.equal(await hilo.ended, 0)
}

async function assertEachOnce(tx: Transaction, { sent, acknowledged }: Ledger): Promise<void> {
  const messages = await tx.selectFrom('messages').selectAll().orderBy('conversation_id').orderBy('seq').execute()
  assert.equal(messages.length, sent.length)
  const byExternalId = new Map(messages.map((row) => [row.external_id, row]))
  for (const { externalId, query } of sent) {
    const row = byExternalId.get(externalId)
    const { messageId, conversationId } = acknowledged.get(externalId)!
    assert.deepEqual([row?.id, row?.conversation_id, row?.text], [messageId, conversationId, query])
  }
  const conversations = await tx.selectFrom('conversations').selectAll().execute()
  assert.equal(conversations.length, 5)
  for (const { id, last_seq } of conversations) {
    const own = messages.filter((row) => row.conversation_id === id)
    assert.deepEqual(own.map((row) => row.seq), upTo(last_seq))
    assert.equal(new Set(own.map(({ text }) => Number(text.split(' ')[1]) % 5)).size, 1)
  }
}

async function assertEventsWhole(tx: Transaction, { acknowledged }: Ledger): Promise<void> {
  const events = await tx.selectFrom('events').selectAll().orderBy('seq').execute()
  assert.deepEqual(events.map((event) => event.seq), upTo(events.length))
  const created = events.filter((event) => event.type === 'message.created').map((event) => event.message_id!)
  assert.deepEqual(created.sort(), [...acknowledged.values()].map(({ messageId }) => messageId).sort())
  for (const [type, table] of [['conversation.created', 'conversations'], ['contact.created', 'contacts']] as const) {
    const { rows } = await sql<{ count: number }>`select count(*)::int as count from ${sql.table(table)}`.execute(tx)
    assert.equal(events.filter((event) => event.type === type).length, rows[0]!.count)
    assert.equal(rows[0]!.count, 5)
  }
}

describe('killed in the midst of its work', { concurrency: true }, () => {
  for (const database of databases) {
    test(`nothing acknowledged is lost or doubled, on ${database}`, skipWithout(database), async (t) => {
      const settings = await makeSettings(t, database)
      const ledger: Ledger = { sent: [], acknowledged: new Map() }
      for (let kill = 0; kill < kills; kill += 1) await loadAndKill(t, settings, ledger)
      await settle(t, settings, ledger)
      const { db, close } = await openDatabase(readConfig(settings))
      try {
        await asOwner(db, async (tx) => {
          await assertEachOnce(tx, ledger)
          await assertEventsWhole(tx, ledger)
        })
      } finally {
        await close()
      }
    })
  }
})
