import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { ask, query, setModel } from '../test/answers.ts'
import { recordMessages } from '../test/record-messages.ts'
import { openPieces, type Reply, startScriptedModel } from '../test/scripted-model.ts'
import { databases, skipWithout, startHiloWith } from '../test/start-hilo.ts'
import type { DatabaseKind } from '../test/test-databases.ts'

const settings = { allowPrivateTargets: true }
const conversationId = 'c'
const first = { query: 'First', conversationId, externalId: 'first' }
const newest = { query: 'Newest', conversationId, externalId: 'newest' }

/** A call that was overtaken, as the customer wrote on each time; then the model says what comes next of these. */
async function overtake(t: TestContext, database: DatabaseKind, replies: readonly Reply[]) {
  const hilo = await startHiloWith(database, settings)
  const model = await startScriptedModel(t, async (_, index) => {
    if (index >= 4) return replies[index - 4]!
    await recordMessages(hilo, [{ from: 'contact', query: `more ${index}`, conversationId }])
    return { text: `answer ${index}` }
  })
  await setModel(hilo, model.baseUrl)
  const overtaken = await ask(hilo, first)
  assert.deepEqual([overtaken.answer, overtaken.metadata.outcome], ['', 'overtaken'])
  return { hilo, model, overtaken }
}

for (const database of databases) {
  describe(`repeats of overtaken calls on ${database}`, skipWithout(database), () => {
    test('are told the same again once a later message was answered: nobody is answered twice', async (t) => {
      const { hilo, model, overtaken } = await overtake(t, database, [{ text: 'To all of it.' }])
      assert.equal((await ask(hilo, newest)).answer, 'To all of it.')
      assert.deepEqual(await ask(hilo, first), overtaken)
      assert.equal(model.requests.length, 5)
    })

    test('are told the same again while a later message is being answered', async (t) => {
      const slow = openPieces()
      const { hilo, model, overtaken } = await overtake(t, database, [slow])
      const asked = ask(hilo, newest)
      await model.waitFor(5)
      const again = ask(hilo, first)
      assert.equal((await hilo.request('GET', `/api/conversations/${conversationId}`)).status, 200)
      slow.say('To all of it.')
      slow.end()
      assert.deepEqual([(await asked).answer, await again], ['To all of it.', overtaken])
      assert.equal(model.requests.length, 5)
    })

    test('ask the AI anew where nobody asked about what the customer wrote since', async (t) => {
      const { hilo, model } = await overtake(t, database, [{ text: 'To all of it.' }])
      const { messageId, answer } = await ask(hilo, first)
      assert.equal(answer, 'To all of it.')
      assert.equal((await ask(hilo, first)).messageId, messageId)
      assert.equal(model.requests.length, 5)
    })

    test('ask the AI anew where it failed at the later message, too', async (t) => {
      const { hilo, model } = await overtake(t, database, [{ status: 400 }, { text: 'To all of it.' }])
      assert.equal((await query(hilo, newest)).status, 502)
      assert.equal((await ask(hilo, first)).answer, 'To all of it.')
      assert.equal(model.requests.length, 6)
    })
  })
}
