import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { askMerge, changeContact, createContact } from '../test/contacts.ts'
import { askResolve, queryAgent, record } from '../test/query-agent.ts'
import { recordMessages } from '../test/record-messages.ts'
import { readEvents, readMessages } from '../test/rows.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

/** The types of what was added since, in order; the numbers have no gap. */
async function readNew(hilo: Hilo, since: number): Promise<string[]> {
  const events = await readEvents(hilo)
  assert.deepEqual(events.map((event) => event.seq), upTo(events.length))
  return events.slice(since).map((event) => event.type)
}

for (const database of databases) {
  describe(`events on ${database}`, skipWithout(database), () => {
    test('every change makes one event, numbered in order', async (t) => {
      const hilo = await startHilo(t, database)
      let count = 0
      const after = async (change: Promise<unknown>): Promise<string[]> => {
        await change
        const types = await readNew(hilo, count)
        count += types.length
        return types
      }
      const said = { conversationId: 'one', contact: { userId: 'u1' } }
      const patch = (path: string, body: object) => hilo.request('PATCH', path, { body })
      assert.deepEqual(await after(record(hilo, said)), ['contact.created', 'conversation.created', 'message.created'])
      assert.deepEqual(await after(record(hilo, said)), ['message.created'])
      const named = { ...said, contact: { userId: 'u1', firstName: 'Ana', email: 'ana@example.com' } }
      assert.deepEqual(await after(record(hilo, named)), ['contact.updated', 'message.created'])
      assert.deepEqual(await after(patch('/api/conversations/one', { status: 'RESOLVED' })), ['conversation.status_changed'])
      assert.deepEqual(await after(patch('/api/conversations/one', { status: 'RESOLVED' })), [])
      assert.deepEqual(await after(patch('/api/conversations/one/metadata', { metadata: { a: 1 } })), ['conversation.updated'])
      const other = createContact(hilo, { userId: 'u2' })
      assert.deepEqual(await after(other), ['contact.created'])
      const { id } = await other
      assert.deepEqual(await after(changeContact(hilo, id, { lastName: 'Ruiz' })), ['contact.updated'])
      const first = (await readEvents(hilo))[0]!.contact_id!
      const merged = await after(askMerge(hilo, first, id))
      assert.deepEqual(merged.filter((type) => type === 'contact.merged'), ['contact.merged'])
    })

    test('an event names what it is about', async (t) => {
      const hilo = await startHilo(t, database)
      const { messageId, conversationId } = await record(hilo, { contact: { userId: 'u1' } })
      const [contact, conversation, message] = await readEvents(hilo)
      assert.ok(contact!.contact_id)
      assert.equal(conversation!.conversation_id, conversationId)
      assert.deepEqual([message!.conversation_id, message!.message_id], [conversationId, messageId])
    })

    test('drafts, repeats, dry runs and what is refused make no message.created', async (t) => {
      const hilo = await startHilo(t, database)
      await record(hilo, { conversationId: 'one', externalId: 'e1' })
      const before = (await readEvents(hilo)).length
      await record(hilo, { conversationId: 'one', isDraft: true })
      await record(hilo, { conversationId: 'one', externalId: 'e1' })
      await recordMessages(hilo, [{ query: 'again', externalId: 'e1' }, { query: 'draft', isDraft: true, conversationId: 'one' }])
      await askResolve(hilo, { conversationId: 'two', contact: { userId: 'u2' } })
      const refused = [{ query: '' }, { contactId: 'nobody' }, { conversationId: 'crmchatsappai-1-2' }]
      for (const said of refused) assert.notEqual((await queryAgent(hilo, said)).status, 200)
      assert.deepEqual(await readNew(hilo, before), [])
    })

    for (const servers of [1, 2]) {
      const where = servers === 1 ? '' : ', and over two servers'

      test(`numbers have no gap and no double, organization by organization, whatever comes at once${where}`, async (t) => {
        const hilo = await startHilo(t, database)
        const neighbour = await hilo.createNeighbour()
        const second = await startHilo(t, database, {})
        const behind = (one: Hilo, server: number): Hilo => (server === 0 ? one : {
          ...one, request: (method, path, options) => second.request(method, path, { key: one.key, ...options }),
        })
        await Promise.all([hilo, neighbour].map((one) => record(one, { conversationId: 'status' })))
        await Promise.all(upTo(60).flatMap((number) => [hilo, neighbour].map((one) => {
          const door = behind(one, number % servers)
          if (number % 10 === 0) {
            const status = number % 20 ? 'RESOLVED' : 'UNRESOLVED'
            return door.request('PATCH', '/api/conversations/status', { body: { status } })
          }
          if (number % 10 === 5) return createContact(door, { userId: `made ${number}` })
          if (number % 10 === 3) return queryAgent(door, { query: '' })
          const said = { conversationId: `c${number % 7}`, contact: { userId: `u${number % 5}` } }
          return record(door, { ...said, externalId: number % 4, query: `text ${number}`, isDraft: number % 11 === 0 })
        })))
        for (const one of [hilo, neighbour]) {
          const types = await readNew(one, 0)
          const messages = await readMessages(one)
          const created = (await readEvents(one)).flatMap((event) => (event.type === 'message.created' ? event.message_id : []))
          assert.deepEqual(created.sort(), messages.filter((row) => !row.is_draft).map((row) => row.id).sort())
          const conversations = new Set(messages.map((row) => row.conversation_id))
          assert.equal(types.filter((type) => type === 'conversation.created').length, conversations.size)
        }
      })
    }
  })
}
