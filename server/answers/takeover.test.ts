import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Event, eventSchemas } from '@hilo/contract'
import Schema from 'typebox/schema'
import { ask, readTurns, startAnswering } from '../test/answers.ts'
import { record } from '../test/query-agent.ts'
import { recordMessages } from '../test/record-messages.ts'
import { openPieces } from '../test/scripted-model.ts'
import { databases, type Hilo, skipWithout } from '../test/start-hilo.ts'

const conversationId = 'c'
const human = { kind: 'human', name: 'Ana' }
const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString()
const forMinutes = (minutes: number) => ({ takeover: { policy: 'minutes', minutes } })
const untilHandedBack = { takeover: { policy: 'until_handed_back' } }

/** What a human says in the conversation. */
const humanSays = (hilo: Hilo, said: object = {}, options?: Parameters<typeof record>[2]) => (
  record(hilo, { query: 'I am here.', conversationId, author: human, ...said }, options)
)

/** Asks, and says in a word what came of it. */
async function outcomeOf(hilo: Hilo): Promise<string> {
  const { answer, request_human, metadata } = await ask(hilo, { query: 'Hola', conversationId })
  assert.equal(request_human, answer === '', 'who gets no answer is told that a human is wanted')
  return answer === '' ? metadata.outcome : 'answered'
}

const readConversation = async (hilo: Hilo) => (await hilo.request('GET', `/api/conversations/${conversationId}`)).body

async function change(hilo: Hilo, call: string, body: object = {}): Promise<void> {
  const [method, path = ''] = call.split(' ')
  const { status, body: answer } = await hilo.request(method!, `/api/conversations/${conversationId}${path}`, { body })
  assert.equal(status, 200, JSON.stringify(answer))
}

/** All events of the organization, each as its schema says. */
async function readEvents(hilo: Hilo): Promise<Event[]> {
  const { body } = await hilo.request('GET', '/api/events?limit=500')
  for (const event of body.items as Event[]) {
    const [, errors] = Schema.Errors(eventSchemas[event.type], event)
    assert.deepEqual(errors, [], JSON.stringify(event, null, 2))
  }
  return body.items
}

const readTypes = async (hilo: Hilo) => (await readEvents(hilo)).map((event) => (
  event.type === 'conversation.status_changed' ? `${event.data.from} to ${event.data.to}` : event.type
)).filter((type) => !type.endsWith('.created'))

for (const database of databases) {
  describe(`who has the word on ${database}`, skipWithout(database), () => {
    test('the policy of the agent says how long the AI is quiet after a human wrote', async (t) => {
      const policies = [
        [{ takeover: { policy: 'never' } }, 0, 'answered'],
        [untilHandedBack, 0, 'ai_off'],
        [untilHandedBack, 23 * 60, 'ai_off'],
        [{ takeover: null }, 0, 'ai_off'],
        [forMinutes(30), 0, 'ai_off'],
        [forMinutes(30), 29, 'ai_off'],
        [forMinutes(30), 31, 'answered'],
      ] as const
      await Promise.all(policies.map(async ([settings, minutesAgo, expected]) => {
        const { hilo } = await startAnswering(t, database, settings)
        await humanSays(hilo, { occurredAt: ago(minutesAgo) })
        assert.equal(await outcomeOf(hilo), expected, JSON.stringify([settings, minutesAgo]))
        const { isAiEnabled, aiOff, status } = await readConversation(hilo)
        assert.deepEqual([isAiEnabled, aiOff?.cause, status], (
          expected === 'answered' ? [true, undefined, 'UNRESOLVED'] : [false, 'human_message', 'UNRESOLVED']
        ))
      }))
    })

    test('a pause of minutes counts from the newest message of a human, also when an older one comes late', async (t) => {
      const { hilo } = await startAnswering(t, database, forMinutes(30))
      const resumesAt = async () => (await readConversation(hilo)).aiOff?.resumesAt
      const [older, newer, newest] = [ago(25), ago(20), ago(1)]
      const inMinutes = (from: string) => new Date(Date.parse(from) + 30 * 60_000).toISOString()
      await humanSays(hilo, { occurredAt: newer })
      assert.equal(await resumesAt(), inMinutes(newer))
      await humanSays(hilo, { occurredAt: older })
      assert.equal(await resumesAt(), inMinutes(newer))
      await humanSays(hilo, { occurredAt: newest })
      assert.equal(await resumesAt(), inMinutes(newest))
      assert.deepEqual((await readTypes(hilo)), ['conversation.handed_off'], 'going on being quiet is no event')
    })

    test('a pause that is over leaves the AI on, and the next human message pauses it again', async (t) => {
      const { hilo } = await startAnswering(t, database, forMinutes(30))
      await humanSays(hilo, { occurredAt: ago(10) })
      await hilo.asOwner((tx) => tx.updateTable('conversations').set({ ai_resumes_at: new Date(Date.now() - 1) })
        .where('organization_id', '=', hilo.organizationId).execute())
      assert.equal(await outcomeOf(hilo), 'answered')
      await humanSays(hilo)
      assert.equal(await outcomeOf(hilo), 'ai_off')
      assert.equal((await readTypes(hilo)).filter((type) => type === 'conversation.handed_off').length, 2)
    })

    test('a human counts by whichever door and in whichever agent\'s path; the policy is that of the conversation\'s agent', async (t) => {
      const { hilo } = await startAnswering(t, database, untilHandedBack)
      const { body: other } = await hilo.request('POST', '/api/agents', {
        body: { name: 'Other', takeover: { policy: 'never' } },
      })
      const doors: ((said: object) => Promise<unknown>)[] = [
        (said) => humanSays(hilo, said),
        (said) => humanSays(hilo, said, { agentId: other.id }),
        (said) => recordMessages(hilo, [{ query: 'x', author: human, ...said }, { query: 'y', from: 'contact', ...said }]),
        (said) => recordMessages(hilo, [{ query: 'x', author: human, ...said }], other.id),
      ]
      await Promise.all(doors.map(async (speak, door) => {
        const said = { conversationId: `c${door}` }
        await ask(hilo, said)
        await speak(said)
        assert.equal((await ask(hilo, said)).metadata.outcome, 'ai_off', `door ${door}`)
      }))
      const ofOther = { conversationId: 'of other' }
      await recordMessages(hilo, [{ query: 'Hola', from: 'contact', ...ofOther }], other.id)
      await humanSays(hilo, ofOther)
      assert.equal((await ask(hilo, ofOther)).answer, 'Hi.')
    })

    test('history, notes among colleagues, drafts and what others of the team say pause nothing', async (t) => {
      const { hilo } = await startAnswering(t, database, untilHandedBack)
      await humanSays(hilo, { occurredAt: ago(24 * 60 + 1) })
      await humanSays(hilo, { metadata: { private: true } })
      await humanSays(hilo, { isDraft: true })
      for (const author of [undefined, { kind: 'ai' }, { kind: 'system' }, { kind: 'agent' }]) {
        await humanSays(hilo, { author })
      }
      assert.equal(await outcomeOf(hilo), 'answered')
      assert.deepEqual(await readTypes(hilo), ['turn.finished'])
    })

    test('a human\'s draft pauses the AI when it is published, and a customer\'s opens what was resolved', async (t) => {
      const { hilo } = await startAnswering(t, database, untilHandedBack)
      const publish = async (messageId: string) => change(hilo, `PATCH /messages/${messageId}`, { isDraft: false })
      const note = await humanSays(hilo, { isDraft: true, metadata: { private: true } })
      await publish(note.messageId)
      assert.equal(await outcomeOf(hilo), 'answered')
      const draft = await humanSays(hilo, { isDraft: true, occurredAt: ago(48 * 60) })
      const [ofCustomer] = await recordMessages(hilo, [{ query: 'x', from: 'contact', conversationId, isDraft: true }])
      await publish(draft.messageId)
      await publish(draft.messageId)
      assert.equal(await outcomeOf(hilo), 'ai_off')
      await change(hilo, 'PATCH', { status: 'RESOLVED' })
      await publish(ofCustomer!.messageId)
      assert.equal((await readConversation(hilo)).status, 'UNRESOLVED')
      assert.deepEqual(await readTypes(hilo), [
        'turn.finished', 'conversation.handed_off', 'UNRESOLVED to RESOLVED', 'conversation.handed_back',
        'RESOLVED to UNRESOLVED',
      ])
    })

    test('what switched the AI off without an end stays so, whatever a human says later', async (t) => {
      const { hilo } = await startAnswering(t, database, forMinutes(30))
      await humanSays(hilo)
      await change(hilo, 'POST /handoff')
      await humanSays(hilo)
      assert.equal((await readConversation(hilo)).aiOff.resumesAt, null)
    })

    test('a draft that a human publishes while the model works has the word, whatever the policy', async (t) => {
      for (const takeover of [{ policy: 'until_handed_back' }, { policy: 'never' }]) {
        const slow = openPieces()
        const script = () => ({ ...slow, usage: { prompt_tokens: 100, completion_tokens: 50 } })
        const { hilo, model } = await startAnswering(t, database, { script, takeover })
        const { messageId } = await humanSays(hilo, { isDraft: true })
        const [draft] = await recordMessages(hilo, [{ query: 'x', from: 'contact', isDraft: true, conversationId }])
        const asked = outcomeOf(hilo)
        await model.waitFor(1)
        await change(hilo, `PATCH /messages/${messageId}`, { isDraft: false })
        await change(hilo, `PATCH /messages/${draft!.messageId}`, { isDraft: false }) // of the customer, who is second
        slow.say('Late.')
        slow.end()
        assert.equal(await asked, 'human_took_over', takeover.policy)
        const [turn, ...others] = await readTurns(hilo, conversationId)
        assert.deepEqual([turn.model, turn.usage.totalTokens, others], ['scripted', 150, []], 'the model was paid for')
      }
    })

    test('a draft of the customer that is published while the model works is answered, too', async (t) => {
      const slow = openPieces()
      const { hilo, model } = await startAnswering(t, database, {
        script: (_, index) => (index === 0 ? slow : { text: 'To both.' }),
      })
      const [draft] = await recordMessages(hilo, [{ query: 'By mail', from: 'contact', isDraft: true, conversationId }])
      const asked = ask(hilo, { query: 'Hola', conversationId })
      await model.waitFor(1)
      await change(hilo, `PATCH /messages/${draft!.messageId}`, { isDraft: false })
      slow.say('To the first only.')
      slow.end()
      assert.equal((await asked).answer, 'To both.')
      const said = model.requests[1]!.messages.slice(1).map(({ role, content }) => [role, content])
      assert.deepEqual(said, [['user', 'Hola'], ['user', 'By mail']])
      const [turn] = await readTurns(hilo, conversationId)
      assert.deepEqual([turn.outcome, turn.attempt, model.requests.length], ['answered', 2, 2])
    })

    test('history of humans that is imported while the model works holds no answer up', async (t) => {
      const slow = openPieces()
      const { hilo, model } = await startAnswering(t, database, { script: () => slow })
      const asked = outcomeOf(hilo)
      await model.waitFor(1)
      const old = { conversationId, occurredAt: ago(48 * 60) }
      await recordMessages(hilo, [{ query: 'x', author: human, ...old }, { query: 'y', from: 'contact', ...old }])
      slow.say('Hi.')
      slow.end()
      assert.equal(await asked, 'answered')
      assert.equal(model.requests.length, 1)
    })

    test('handing off and switching off quiet the AI, handing back and switching on let it answer; every caller is told', async (t) => {
      const { hilo, model } = await startAnswering(t, database)
      const expected: string[] = []
      const expect = async (outcome: string) => {
        expected.push(outcome)
        assert.equal(await outcomeOf(hilo), outcome)
      }
      await expect('answered')
      await change(hilo, 'POST /handoff', { reason: 'refund' })
      await expect('ai_off')
      assert.equal((await ask(hilo, { conversationId })).status, 'HUMAN_REQUESTED')
      await change(hilo, 'POST /hand-back')
      await expect('answered')
      await change(hilo, 'PATCH', { isAiEnabled: false })
      await humanSays(hilo)
      await expect('ai_off')
      await change(hilo, 'PATCH', { isAiEnabled: true })
      await expect('answered')
      await humanSays(hilo)
      await change(hilo, 'POST /hand-back')
      await expect('answered')
      const turns = await readTurns(hilo, conversationId)
      assert.deepEqual(turns.map(({ outcome }) => outcome), expected.toSpliced(2, 0, 'ai_off'))
      for (const turn of turns) {
        const isAnswered = turn.outcome === 'answered'
        assert.deepEqual([turn.answerIds.length, turn.model, turn.messageIds.length, turn.error], [
          isAnswered ? 1 : 0, isAnswered ? 'scripted' : null, 1, null,
        ])
        assert.ok(turn.finishedAt >= turn.startedAt)
      }
      assert.equal(model.requests.length, 4)
      assert.deepEqual(await readTypes(hilo), [
        'turn.finished', 'UNRESOLVED to HUMAN_REQUESTED', 'conversation.handed_off', 'HUMAN_REQUESTED to UNRESOLVED',
        'conversation.handed_back', 'turn.finished', 'conversation.updated', 'conversation.updated', 'turn.finished',
        'conversation.handed_off', 'conversation.handed_back', 'turn.finished',
      ])
    })

    test('a resolved conversation is back with the AI, and a customer\'s message opens it again', async (t) => {
      const { hilo } = await startAnswering(t, database)
      await humanSays(hilo)
      assert.equal(await outcomeOf(hilo), 'ai_off')
      await change(hilo, 'PATCH', { status: 'RESOLVED' })
      await humanSays(hilo, { author: { kind: 'system' } })
      await recordMessages(hilo, [{ query: 'x', from: 'contact', conversationId, occurredAt: ago(25 * 60) }])
      assert.equal((await readConversation(hilo)).status, 'RESOLVED', 'history opens nothing')
      const { answer, status } = await ask(hilo, { conversationId })
      assert.deepEqual([answer, status], ['Hi.', 'UNRESOLVED'])
      assert.deepEqual(await readTypes(hilo), [
        'conversation.handed_off', 'UNRESOLVED to RESOLVED', 'conversation.handed_back', 'RESOLVED to UNRESOLVED',
        'turn.finished',
      ])
    })

    test('the model hands off, or resolves, together with its answer; events tell of the turn and its outcome', async (t) => {
      const { hilo } = await startAnswering(t, database, {
        script: ({ messages }) => {
          const { role, content } = messages.at(-1)!
          if (role === 'tool') return { text: 'Done.' }
          return { toolCalls: [{ name: String(content), arguments: { reason: 'asked for Ana' } }] }
        },
      })
      const resolved = await ask(hilo, { query: 'mark_as_resolved', conversationId })
      assert.deepEqual([resolved.answer, resolved.status, resolved.request_human], ['Done.', 'RESOLVED', false])
      const handed = await ask(hilo, { query: 'request_human', conversationId })
      assert.deepEqual([handed.answer, handed.status, handed.request_human], ['Done.', 'HUMAN_REQUESTED', true])
      assert.deepEqual((await readConversation(hilo)).aiOff, {
        cause: 'handed_off', reason: 'asked for Ana', resumesAt: null,
      })
      assert.equal(await outcomeOf(hilo), 'ai_off')
      await change(hilo, 'POST /hand-back')
      await hilo.request('PATCH', `/api/agents/${hilo.agentId}`, { body: { model: null } })
      assert.equal((await hilo.request('POST', `/api/agents/${hilo.agentId}/query`, {
        body: { query: 'x', conversationId },
      })).status, 422)
      const turns = (await readEvents(hilo)).flatMap((event) => (
        event.type === 'turn.finished' || event.type === 'turn.failed' ? [event] : []
      ))
      assert.deepEqual(turns.map(({ type, data }) => [type, data.turn.outcome, data.turn.messageId]), [
        ['turn.finished', 'answered', resolved.messageId], ['turn.finished', 'answered', handed.messageId],
        ['turn.failed', 'failed', null],
      ])
      const failed = turns.at(-1)!
      assert.equal(failed.type === 'turn.failed' && failed.data.error.code, 'MODEL_NOT_CONFIGURED')
      const off = (await readEvents(hilo)).find(({ type }) => type === 'conversation.handed_off')!
      assert.equal(off.type === 'conversation.handed_off' && off.data.reason, 'asked for Ana')
    })
  })
}
