import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sql } from 'kysely'
import { changeContact, createContact } from '../test/contacts.ts'
import { record } from '../test/query-agent.ts'
import { readEvents, readMessages, readRows } from '../test/rows.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

/** A test's organization behind two servers on one database. */
async function startTwo(...args: Parameters<typeof startHilo>): Promise<{ hilo: Hilo, urls: Hilo[] }> {
  const hilo = await startHilo(...args)
  const second = await startHilo(args[0], args[1], {})
  const { request } = second
  const ask: Hilo['request'] = (method, path, options) => request(method, path, { key: hilo.key, ...options })
  return { hilo, urls: [hilo, { ...hilo, url: second.url, request: ask }] }
}

async function countRows(hilo: Hilo) {
  const [conversations, contacts, identities] = await Promise.all([
    readRows(hilo, 'conversations'), readRows(hilo, 'contacts'), readRows(hilo, 'contact_identities'),
  ])
  return { conversations: conversations.length, contacts: contacts.length, identities: identities.length }
}

async function countEvents(hilo: Hilo): Promise<Record<string, number>> {
  const events = await readEvents(hilo)
  assert.deepEqual(events.map((event) => event.seq), upTo(events.length))
  return Object.fromEntries(
    Object.entries(Object.groupBy(events, (event) => event.type)).map(([type, some]) => [type, some!.length]),
  )
}

for (const database of databases) {
  describe(`first messages at once, on ${database}`, skipWithout(database), () => {
    for (const servers of [1, 2]) {
      const where = servers === 1 ? '' : ', over two servers'

      test(`fifty of one new customer make one contact and one conversation${where}`, async (t) => {
        const { hilo, urls } = await startTwo(t, database)
        const answers = await Promise.all(upTo(50).map((number) => record(urls[number % servers]!, {
          query: `text ${number}`, channel: 'whatsapp', visitorId: number % 2 ? '5491155550000' : '+54 11 5555-0000',
          contact: { email: number % 3 ? 'ana@example.com' : 'ANA@example.com', userId: 'u1', firstName: 'Ana' },
        })))
        assert.equal(new Set(answers.map((body) => body.conversationId)).size, 1)
        assert.deepEqual(await countRows(hilo), { conversations: 1, contacts: 1, identities: 3 })
        const messages = await readMessages(hilo)
        assert.deepEqual(messages.map((row) => row.seq), upTo(50))
        assert.deepEqual(messages.map((row) => row.text).sort(), upTo(50).map((number) => `text ${number}`).sort())
        assert.deepEqual(await countEvents(hilo), {
          'contact.created': 1, 'conversation.created': 1, 'message.created': 50,
        })
        const [conversation] = await readRows(hilo, 'conversations')
        assert.equal(conversation!.last_seq, 50)
      })

      test(`five hundred customers get a contact and a conversation each, every text in its own${where}`, async (t) => {
        const { hilo, urls } = await startTwo(t, database)
        const visitorOf = (number: number) => `549115555${String(number).padStart(4, '0')}`
        const answers = await Promise.all(upTo(500).map((number) => record(urls[number % servers]!, {
          query: `text ${number}`, channel: 'whatsapp', visitorId: visitorOf(number),
        })))
        assert.deepEqual(await countRows(hilo), { conversations: 500, contacts: 500, identities: 500 })
        const messages = new Map((await readMessages(hilo)).map((row) => [row.id, row]))
        const contacts = new Map((await readRows(hilo, 'contact_identities')).map((row) => [row.contact_id, row.value]))
        const conversations = new Map((await readRows(hilo, 'conversations')).map((row) => [row.id, row]))
        assert.equal(messages.size, 500)
        for (const [index, { messageId, conversationId, visitorId }] of answers.entries()) {
          const message = messages.get(messageId)!
          const expected = [`text ${index + 1}`, conversationId, 1, `+${visitorOf(index + 1)}`, visitorOf(index + 1)]
          const contact = contacts.get(conversations.get(message.conversation_id)!.contact_id!)
          assert.deepEqual([message.text, message.conversation_id, message.seq, contact, visitorId], expected)
        }
        assert.deepEqual(await countEvents(hilo), {
          'contact.created': 500, 'conversation.created': 500, 'message.created': 500,
        })
      })
    }

    test('two writings of a phone that come at once are proposed for merging, over two servers', async (t) => {
      const { hilo, urls } = await startTwo(t, database)
      const customers = upTo(40).map((number) => String(number).padStart(4, '0'))
      await Promise.all(customers.flatMap((digits, index) => [
        record(urls[index % 2]!, { channel: 'whatsapp', visitorId: `551197812${digits}` }),
        index % 3 === 0
          ? createContact(urls[1 - index % 2]!, { phoneNumber: `55117812${digits}` })
          : record(urls[1 - index % 2]!, { contact: { phoneNumber: `55117812${digits}` } }),
      ]))
      assert.equal((await readRows(hilo, 'contacts')).length, 80)
      assert.equal((await readRows(hilo, 'merge_proposals')).length, 40)
    })

    test('of several e-mails that come at once a contact gets one, and one that was set stays', async (t) => {
      const { hilo, urls } = await startTwo(t, database)
      const customers = await Promise.all(upTo(20).map((number) => createContact(hilo, { userId: `u${number}` })))
      const set = await Promise.all(customers.flatMap(({ id, userId }, index) => [
        ...index % 2 === 0 ? [changeContact(hilo, id, { email: `${userId}@set.com` })] : [],
        ...urls.map((server, place) => record(server, { contact: { userId, email: `${userId}@${place}.com` } })),
      ]))
      assert.equal(set.length, 50)
      const emails = (await readRows(hilo, 'contact_identities')).filter(({ kind }) => kind === 'email')
      assert.equal(emails.length, 20)
      for (const [index, { id, userId }] of customers.entries()) {
        const [email] = emails.filter((row) => row.contact_id === id)
        if (index % 2 === 0) assert.equal(email!.value, `${userId}@set.com`)
      }
    })

    test('a name that is set while messages bring another one stays', async (t) => {
      const { hilo, urls } = await startTwo(t, database)
      const customers = await Promise.all(upTo(20).map((number) => createContact(hilo, { userId: `u${number}` })))
      await Promise.all(customers.flatMap(({ id, userId }) => [
        ...urls.map((server) => record(server, { contact: { userId, firstName: 'Said' } })),
        changeContact(hilo, id, { firstName: 'Set' }),
      ]))
      const names = (await readRows(hilo, 'contacts')).map((row) => row.first_name)
      assert.deepEqual(names, customers.map(() => 'Set'))
    })

    test('the same customers in any order over two servers never make them wait in a circle', async (t) => {
      const { hilo, urls } = await startTwo(t, database)
      const send = async (server: Hilo, messages: object[]): Promise<{ conversationId: string }[]> => {
        const path = `/api/agents/${hilo.agentId}/messages`
        const { status, body } = await server.request('POST', path, { body: { messages } })
        assert.equal(status, 200, JSON.stringify(body))
        for (const result of body.results) assert.equal(result.error, undefined, JSON.stringify(result))
        return body.results
      }
      const customers = upTo(300)
      const first = customers.map((number) => ({
        query: 'Hola', conversationId: `c${number}`, externalId: `e${number}`, contact: { userId: `u${number}` },
      }))
      const [results] = await Promise.all([send(urls[0]!, first), send(urls[1]!, first.toReversed())])
      const later = customers.map((number) => {
        const conversationId = number % 2 ? `c${number}` : results[number - 1]!.conversationId
        return { query: 'Hola', conversationId, contact: { userId: `u${number}`, firstName: 'Ana' } }
      })
      const byKey = first.map((one) => ({ ...one, externalId: undefined }))
      await Promise.all([send(urls[0]!, later), send(urls[1]!, byKey.toReversed())])
      assert.deepEqual(await countRows(hilo), { conversations: 300, contacts: 300, identities: 300 })
      assert.equal((await readMessages(hilo)).length, 900)
      const { rows } = await hilo.asOwner((tx) => sql<{ deadlocks: number }>`
        select deadlocks::int as deadlocks from pg_stat_database where datname = current_database()
      `.execute(tx))
      assert.equal(rows[0]!.deadlocks, 0)
    })
  })
}
