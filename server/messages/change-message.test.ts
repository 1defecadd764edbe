import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { recordMessages } from '../test/record-messages.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

const messages = '/api/conversations/crm-1/messages'

/** A published message and a draft, by their paths. */
async function startWithDraft(...parameters: Parameters<typeof startHilo>) {
  const hilo = await startHilo(...parameters)
  const [published, draft] = await recordMessages(hilo, [
    { query: 'hello', conversationId: 'crm-1' },
    { query: 'perhaps', conversationId: 'crm-1', isDraft: true, metadata: { a: 1, b: 2 } },
  ])
  return { hilo, published: `${messages}/${published!.messageId}`, draft: `${messages}/${draft!.messageId}` }
}

/** What happened to the message of this path, as the log tells it. */
async function readEvents(hilo: Hilo, path: string): Promise<string[]> {
  const { id, conversationId } = (await hilo.request('GET', path)).body
  const rows = await hilo.asOwner((tx) => tx.selectFrom('events').select('type')
    .where('organization_id', '=', hilo.organizationId).where('message_id', '=', id)
    .where('conversation_id', '=', conversationId).orderBy('seq').execute())
  return rows.map((row) => row.type)
}

for (const database of databases) {
  describe(`changing a message on ${database}`, skipWithout(database), () => {
    test('a draft is published once, however often and by however many it is asked', async (t) => {
      const { hilo, draft } = await startWithDraft(t, database)
      const before = (await hilo.request('GET', draft)).body
      assert.deepEqual([before.isDraft, await readEvents(hilo, draft)], [true, []])
      const publish = () => hilo.request('PATCH', draft, { body: { isDraft: false } })
      const answers = await Promise.all(Array.from({ length: 5 }, publish))
      answers.push(await publish())
      const said = answers[0]!.body
      assert.ok(said.occurredAt > before.occurredAt, 'it is said when it is published')
      assert.deepEqual(said, { ...before, isDraft: false, occurredAt: said.occurredAt })
      for (const { status, body } of answers) assert.deepEqual([status, body], [200, said])
      assert.deepEqual((await hilo.request('GET', draft)).body, said)
      assert.deepEqual(await readEvents(hilo, draft), ['message.created'])
    })

    test('a published draft is the news of its conversation, and is listed without drafts', async (t) => {
      const { hilo, draft } = await startWithDraft(t, database)
      const read = async () => (await hilo.request('GET', '/api/conversations/crm-1')).body
      const list = async () => (await hilo.request('GET', `${messages}?includeDrafts=false`)).body.items
      const before = await read()
      assert.deepEqual([before.lastMessage.text, (await list()).length], ['hello', 1])
      const { body } = await hilo.request('PATCH', draft, { body: { isDraft: false } })
      const after = await read()
      assert.deepEqual([after.lastMessage.text, after.messageCount], ['perhaps', before.messageCount])
      assert.ok(after.updatedAt > before.updatedAt)
      assert.deepEqual((await list())[0], body)
    })

    test('what is published cannot become a draft again', async (t) => {
      const { hilo, published, draft } = await startWithDraft(t, database)
      const { status, body } = await hilo.request('PATCH', published, { body: { isDraft: true, metadata: { a: 1 } } })
      assert.deepEqual([status, body.code, body.field], [400, 'INVALID_REQUEST', 'isDraft'])
      assert.deepEqual((await hilo.request('GET', published)).body.metadata, {})
      assert.equal((await hilo.request('PATCH', draft, { body: { isDraft: true } })).status, 200)
      assert.deepEqual(await readEvents(hilo, published), ['message.created'])
    })

    test('metadata is merged key by key; a change is an event of a published message that names it, not of a draft', async (t) => {
      const { hilo, published, draft } = await startWithDraft(t, database)
      const patch = async (path: string, body: object) => (await hilo.request('PATCH', path, { body })).body
      assert.deepEqual((await patch(draft, { metadata: { a: null, c: 3 } })).metadata, { b: 2, c: 3 })
      assert.deepEqual(await readEvents(hilo, draft), [])
      assert.deepEqual((await patch(draft, { isDraft: false, metadata: { d: 4 } })).metadata, { b: 2, c: 3, d: 4 })
      assert.deepEqual(await readEvents(hilo, draft), ['message.created'])
      await patch(published, { metadata: { seen: true } })
      const noChanges = [{}, { isDraft: false }, { metadata: { seen: true, gone: null } }]
      for (const body of noChanges) await patch(published, body)
      assert.deepEqual(await readEvents(hilo, published), ['message.created', 'message.updated'])
      const [updated] = (await hilo.request('GET', '/api/events?types=message.updated')).body.items
      assert.deepEqual([updated.data.message.metadata, updated.data.changed], [{ seen: true }, ['metadata']])
      const keys = Array.from({ length: 10 }, (_, number) => `key${number}`)
      await Promise.all(keys.map((key) => patch(published, { metadata: { [key]: key } })))
      const { metadata } = (await hilo.request('GET', published)).body
      assert.deepEqual(metadata, { seen: true, ...Object.fromEntries(keys.map((key) => [key, key])) })
    })

    test('a wrong value is refused and changes nothing', async (t) => {
      const { hilo, published } = await startWithDraft(t, database)
      const wrong = [
        { isDraft: 'false' }, { isDraft: null }, { metadata: [] }, { metadata: { a: 'x'.repeat(17_000) } },
        { metadata: { a: '\0' } }, [],
      ]
      for (const body of wrong) {
        const answer = await hilo.request('PATCH', published, { body })
        assert.equal(answer.status, 400, JSON.stringify([body, answer.body]))
      }
      await hilo.request('PATCH', published, { body: { text: 'forged', seq: 7, author: { kind: 'ai' } } })
      const { body } = await hilo.request('GET', published)
      assert.deepEqual([body.text, body.seq, body.author.kind, body.metadata], ['hello', 1, 'agent', {}])
    })

    test('in another organization or conversation it is not there, and a key that only reads may not', async (t) => {
      const { hilo, published, draft } = await startWithDraft(t, database)
      await recordMessages(hilo, [{ query: 'elsewhere', conversationId: 'crm-2' }])
      const neighbour = await hilo.createNeighbour()
      await recordMessages(neighbour, [{ query: 'mine', conversationId: 'crm-1' }])
      const elsewhere = draft.replace('crm-1', 'crm-2')
      const wrong = [
        [neighbour, draft], [neighbour, published], [hilo, elsewhere], [hilo, `${messages}/nothing`],
      ] as const
      for (const [caller, path] of wrong) {
        for (const request of [['GET'], ['PATCH', { body: { isDraft: false } }]] as const) {
          const { status, body } = await caller.request(request[0], path, request[1])
          assert.deepEqual([status, body.code, body.field], [404, 'NOT_FOUND', 'messageId'])
        }
      }
      const reader = await hilo.createKey(['history:read'])
      assert.equal((await hilo.request('PATCH', draft, { body: { isDraft: false }, key: reader })).status, 403)
      assert.equal((await hilo.request('GET', draft, { key: reader })).body.isDraft, true)
    })
  })
}
