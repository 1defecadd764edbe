import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Event, eventSchemas, webhookTypes } from '@hilo/contract'
import Schema from 'typebox/schema'
import { createId } from '../database/create-id.ts'
import type { Transaction } from '../database/schema.ts'
import { asOwner, inOrganization } from '../database/transactions.ts'
import { createOrganization } from '../organizations/create-organization.ts'
import { changeContact, createContact, mergeContacts } from '../test/contacts.ts'
import { record } from '../test/query-agent.ts'
import { recordMessages } from '../test/record-messages.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'
import { presentEvents } from './present-events.ts'
import { readEvents } from './read-events.ts'
import { recordEvents } from './record-events.ts'

/** The whole log as everybody outside sees it, each event checked against its schema. */
function presentAll({ db, organizationId }: Hilo): Promise<Event[]> {
  return inOrganization(db, organizationId, async (tx) => {
    const rows = await readEvents(tx, { organizationId, after: 0, limit: 1000 })
    const events = await presentEvents(tx, organizationId, rows)
    for (const event of events) {
      const [, errors] = Schema.Errors(eventSchemas[event.type], event)
      assert.deepEqual(errors, [], JSON.stringify(event, null, 2))
      assert.ok(Buffer.byteLength(JSON.stringify(event)) <= 20_000, event.type)
    }
    return events
  })
}

function only<Type extends Event['type']>(events: readonly Event[], type: Type): Extract<Event, { type: Type }> {
  const found = events.filter((event) => event.type === type)
  assert.equal(found.length, 1, type)
  return found[0] as Extract<Event, { type: Type }>
}

test('every type of event is documented: its schema has its name, a meaning and an example that is valid', () => {
  for (const type of webhookTypes) {
    const schema = eventSchemas[type] as { $id?: string, description?: string, examples?: unknown[] } & object
    assert.match(schema.$id!, /^[A-Z][A-Za-z]+Event$/)
    assert.match(schema.description!, /\.$/)
    const [, errors] = Schema.Errors(schema, schema.examples![0])
    assert.deepEqual(errors, [], type)
  }
})

for (const database of databases) {
  describe(`what events tell on ${database}`, skipWithout(database), () => {
    test('each change is told with what it is about, and as its schema says', async (t) => {
      const hilo = await startHilo(t, database)
      const { messageId, conversationId } = await record(hilo, { query: 'Hola', contact: { userId: 'u1', firstName: 'Ana' } })
      const patch = (path: string, body: object) => hilo.request('PATCH', `/api/conversations/${conversationId}${path}`, { body })
      await patch('', { status: 'RESOLVED', isAiEnabled: false })
      await patch(`/messages/${messageId}`, { metadata: { a: 1 } })
      const other = await createContact(hilo, { userId: 'u2' })
      await changeContact(hilo, other.id, { lastName: 'Ruiz' })
      const events = await presentAll(hilo)
      const created = only(events, 'message.created')
      const contactId = created.data.conversation!.contact!.id
      assert.equal(created.id, `evt_${hilo.organizationId}_${created.seq}`)
      assert.equal(created.data.message!.text, 'Hola')
      assert.deepEqual(created.data.conversation!.contact, { id: contactId, firstName: 'Ana', lastName: null })
      assert.equal(created.data.conversation!.agentId, hilo.agentId)
      const changed = only(events, 'conversation.status_changed').data
      assert.deepEqual([changed.from, changed.to, changed.conversation!.id], ['UNRESOLVED', 'RESOLVED', conversationId])
      assert.deepEqual(only(events, 'conversation.updated').data.changed, ['isAiEnabled'])
      assert.deepEqual(only(events, 'message.updated').data.message!.metadata, { a: 1 })
      const updated = only(events, 'contact.updated').data
      assert.deepEqual([updated.contact!.id, updated.changed], [other.id, ['lastName']])
      await mergeContacts(hilo, other.id, contactId)
      const merged = only(await presentAll(hilo), 'contact.merged').data
      assert.deepEqual([merged.mergedContactId, merged.conversationIds], [contactId, [conversationId]])
    })

    test('an event stays under 20 KB, says what it lacks, and where the whole is', async (t) => {
      const hilo = await startHilo(t, database)
      const metadata = { note: '😀'.repeat(3900) }
      const attachments = Array.from({ length: 100 }, (_, number) => ({ url: `https://example.com/${'x'.repeat(4000)}${number}` }))
      const { conversationId, messageId } = await record(hilo, {
        query: '😀'.repeat(16_000), metadata, attachments, contact: { userId: 'u1', firstName: 'é'.repeat(256) },
      })
      await hilo.request('PATCH', `/api/conversations/${conversationId}`, { body: { metadata: { note: 'x'.repeat(16_000) } } })
      const events = await presentAll(hilo)
      const { data } = only(events, 'message.created')
      assert.deepEqual(data.truncated!.fields.slice(0, 2), ['message.text', 'message.metadata'])
      assert.ok(data.message!.text.isWellFormed())
      assert.match(data.message!.text, /^(😀)+$/u)
      assert.equal(data.truncated!.url, `/api/conversations/${conversationId}/messages/${messageId}`)
      const { body } = await hilo.request('GET', data.truncated!.url)
      assert.deepEqual([body.text.length, body.attachments.length], [32_000, 100])
      assert.equal(only(events, 'conversation.updated').data.truncated, undefined)
      assert.equal(only(events, 'contact.created').data.truncated, undefined)
    })

    test('an event stays under 20 KB also where nothing but ids, names and reasons is long', async (t) => {
      const hilo = await startHilo(t, database)
      const long = (number: number) => `${'漢'.repeat(253)}${number + 100}`
      const name = '\u0001'.repeat(256) // six bytes each, as JSON writes them
      const contacts = await Promise.all(Array.from({ length: 12 }, (_, number) => (
        createContact(hilo, { userId: long(number), firstName: name, lastName: name })
      )))
      const [first, second] = contacts.map(({ id }) => id)
      await recordMessages(hilo, Array.from({ length: 100 }, (_, number) => (
        { query: 'Hola', conversationId: `c${number}`, contactId: second }
      )))
      for (const { id } of contacts.slice(1)) await mergeContacts(hilo, first!, id)
      const said = { query: name, channel: 'website', channelExternalId: long(0), visitorId: long(0), contactId: first }
      for (let number = 0; number < 6; number += 1) await record(hilo, { ...said, conversationId: long(number) })
      const { id } = (await hilo.request('GET', `/api/conversations/${encodeURIComponent(long(0))}`)).body
      await hilo.request('POST', `/api/conversations/${id}/handoff`, { body: { reason: name.repeat(4) } })
      const events = await presentAll(hilo)
      const merged = events.filter((event) => event.type === 'contact.merged')
      assert.equal(merged.length, 11)
      for (const { data } of merged) assert.deepEqual(data.truncated!.fields, ['contact.identities'])
      assert.equal(merged[0]!.data.conversationIds.length, 100)
      const { truncated } = only(events, 'conversation.handed_off').data
      assert.deepEqual(truncated!.fields, ['conversation.conversationIds'])
    })

    test('so does an event of a contact or a conversation that has very much', async (t) => {
      const hilo = await startHilo(t, database)
      const { organizationId } = hilo
      const { conversationId } = await record(hilo, { conversationId: 'one', contact: { userId: 'u1' } })
      const contactId = only(await presentAll(hilo), 'contact.created').data.contactId
      const metadata = { note: 'x'.repeat(15_000) }
      await changeContact(hilo, contactId, { metadata })
      await hilo.request('PATCH', `/api/conversations/${conversationId}`, { body: { metadata } })
      const values = Array.from({ length: 60 }, (_, number) => `${number}${'😀'.repeat(100)}`)
      await hilo.asOwner(async (tx) => {
        await tx.insertInto('contact_identities').values(values.map((value) => (
          { organization_id: organizationId, contact_id: contactId, kind: 'user_id', value, raw: value, origin: 'api' }
        ))).execute()
        await tx.insertInto('conversation_keys').values(values.map((value) => (
          { organization_id: organizationId, conversation_id: conversationId, kind: 'conversation_id', value }
        ))).execute()
      })
      const events = await presentAll(hilo)
      const { contact, truncated } = only(events, 'contact.updated').data
      assert.deepEqual([contact!.metadata, contact!.identities.length], [{}, 10])
      assert.equal(contact!.identities[0]!.value, 'u1') // the oldest first
      assert.deepEqual(truncated, { fields: ['contact.metadata', 'contact.identities'], url: `/api/contacts/${contactId}` })
      const { conversation, ...rest } = only(events, 'conversation.updated').data
      assert.deepEqual([conversation!.metadata, conversation!.conversationIds.length], [{}, 5])
      assert.deepEqual(rest.truncated, {
        fields: ['conversation.metadata', 'conversation.conversationIds'], url: `/api/conversations/${conversationId}`,
      })
    })

    test('a merge of very many conversations names a hundred of them, and says how many there are', async (t) => {
      const hilo = await startHilo(t, database)
      const { organizationId, db } = hilo
      const { id: contactId } = await createContact(hilo, { userId: 'u1' })
      const conversationIds = Array.from({ length: 150 }, () => createId())
      const data = { mergedContactId: createId(), conversationIds }
      await inOrganization(db, organizationId, (tx) => (
        recordEvents(tx, [{ organizationId, type: 'contact.merged', contactId, data }])
      ))
      const merged = only(await presentAll(hilo), 'contact.merged').data
      assert.deepEqual(merged.conversationIds, conversationIds.slice(0, 100))
      assert.equal(merged.conversationCount, 150)
    })

    test('no two events have the same id, whatever the ids of their organizations; none holds a dot', async (t) => {
      const { db } = await startHilo(t, database)
      const name = createId()
      const ids = await Promise.all(['.1', '_2e1', '.1_', '_1'].map(async (end) => {
        const id = await asOwner(db, (tx) => createOrganization(tx, { id: `${name}${end}`, name: 'Test' }))
        const tell = (tx: Transaction) => recordEvents(tx, [{ organizationId: id, type: 'webhook.disabled' }])
        await inOrganization(db, id, tell)
        const [event] = await inOrganization(db, id, async (tx) => (
          presentEvents(tx, id, await readEvents(tx, { organizationId: id, after: 0, limit: 1 }))
        ))
        return event!.id
      }))
      assert.equal(new Set(ids).size, 4)
      for (const id of ids) assert.match(id, /^evt_[\w-]+$/)
    })

    test('what no row tells comes from the log itself, also when what it was about is gone', async (t) => {
      const hilo = await startHilo(t, database)
      const { organizationId, db } = hilo
      const webhookEndpoint = { id: 'w1', url: 'https://example.com/hook' }
      await inOrganization(db, organizationId, (tx) => recordEvents(tx, [
        { organizationId, type: 'webhook.disabled', data: { webhookEndpoint, reason: 'Gone.' }, apiKeyId: 'k1' },
        { organizationId, type: 'message.created', messageId: 'gone', conversationId: 'gone as well' },
      ]))
      const [disabled, created] = await presentAll(hilo)
      assert.deepEqual(disabled!.data, { webhookEndpoint, reason: 'Gone.' })
      assert.deepEqual(created!.data, {
        messageId: 'gone', conversationId: 'gone as well', message: null, conversation: null,
      })
      const range = { organizationId, after: 0, limit: 1 }
      const [row] = await inOrganization(db, organizationId, (tx) => readEvents(tx, range))
      assert.equal(row!.api_key_id, 'k1')
    })

    test('the log is read in order, from a place to a place, by type and by conversation', async (t) => {
      const hilo = await startHilo(t, database)
      const { organizationId, db } = hilo
      const { conversationId } = await record(hilo, { conversationId: 'one', contact: { userId: 'u1' } })
      await record(hilo, { conversationId: 'two', contact: { userId: 'u2' } })
      const read = (range: object) => inOrganization(db, organizationId, async (tx) => (
        (await readEvents(tx, { organizationId, after: 0, limit: 100, ...range })).map((row) => row.seq)
      ))
      assert.deepEqual(await read({}), [1, 2, 3, 4, 5, 6])
      assert.deepEqual(await read({ after: 2, limit: 2 }), [3, 4])
      assert.deepEqual(await read({ after: 2, before: 5 }), [3, 4])
      assert.deepEqual(await read({ types: ['message.created'] }), [3, 6])
      assert.deepEqual(await read({ conversationId }), [2, 3])
      assert.deepEqual(await read({ conversationId, types: ['message.created'] }), [3])
      const range = { organizationId, after: 1, limit: 1 }
      const rows = await inOrganization(db, organizationId, (tx) => readEvents(tx, range))
      assert.deepEqual([rows[0]!.agent_id, rows[0]!.channel], [hilo.agentId, 'api'])
    })
  })
}
