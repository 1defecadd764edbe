import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { OpenDatabase } from '../database/open.ts'
import { type Hilo, databases, skipWithout, startAlone } from '../test/start-hilo.ts'
import { openTestDatabase } from '../test/test-databases.ts'
import { type Received, type ReceiverAnswer, startReceiver } from '../test/webhook-receiver.ts'
import { createEndpoint, readAttempts, readEndpoint, say, textsOf, until, webhookTimes } from '../test/webhooks.ts'

const eventTypes = ['message.created' as const]

const textOf = (one: Received) => Object.values(textsOf([one])).flat()[0]!
const countAttempts = (hilo: Hilo, id: string, count: number) => (
  until(() => readAttempts(hilo, id), (attempts) => attempts.length === count)
)

/** Answers by the text of the message. */
const byText = (answers: Record<string, ReceiverAnswer>) => (one: Received) => answers[textOf(one)] ?? { status: 204 }

for (const kind of databases) {
  describe(`what Hilo knows of a receiver, on ${kind}`, skipWithout(kind), () => {
    let database: OpenDatabase
    before(async () => {
      database = await openTestDatabase(kind)
    })
    after(() => database.close())

    test('a pause that a receiver asked for outlasts the attempts that had begun before', async (t) => {
      const hilo = await startAlone(t, database, { webhookTimes: { ...webhookTimes, retryDelaysMs: [7_200_000] } })
      const { promise: asked, resolve } = Promise.withResolvers<void>()
      const receiver = await startReceiver(t, byText({
        busy: { status: 429, headers: { 'retry-after': '3600' } },
        refused: { status: 500, after: asked }, shorter: { status: 429, headers: { 'retry-after': '60' }, after: asked },
        accepted: { status: 204, after: asked },
      }))
      const { id } = await createEndpoint(hilo, { url: receiver.url, eventTypes })
      for (const text of ['refused', 'shorter', 'accepted']) await say(hilo, text, text)
      await receiver.waitFor(3)
      await say(hilo, 'busy', 'busy')
      await countAttempts(hilo, id, 1)
      const { pausedUntil } = await readEndpoint(hilo, id)
      resolve()
      await countAttempts(hilo, id, 4)
      assert.equal((await readEndpoint(hilo, id)).pausedUntil, pausedUntil)
      assert.ok(Date.parse(pausedUntil!) - Date.now() > 3_000_000)
    })
  })
}
