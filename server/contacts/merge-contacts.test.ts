import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ContactDetail } from '@hilo/contract'
import {
  askMerge, askUnmerge, changeContact, createContact, mergeContacts, showContact, unmergeContacts,
} from '../test/contacts.ts'
import { assertRefused, record } from '../test/query-agent.ts'
import { readEvents, readMessages, readRows, takeSnapshot } from '../test/rows.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

/** A contact with a conversation of its own. */
async function createCustomer(hilo: Hilo, body: { userId: string, [field: string]: unknown }) {
  const contact = await createContact(hilo, body)
  const { conversationId } = await record(hilo, { contact: { userId: body.userId }, from: 'contact' })
  return { id: contact.id, conversationId, before: await showContact(hilo, contact.id) }
}

const conversationIds = ({ conversations }: ContactDetail) => conversations.map(({ id }) => id).sort()
const values = ({ identities }: ContactDetail) => identities.map(({ value }) => value)

/** What a merge and its way back must leave as it was: all but the times of the changes. */
function withoutTimes({ updatedAt: _, conversations, ...rest }: ContactDetail): object {
  return { ...rest, conversations: conversations.map(({ updatedAt: _, ...one }) => one) }
}

for (const database of databases) describe(database, skipWithout(database), () => {
  test('a merge moves identities and conversations and fills in what is missing, and nothing else', async (t) => {
    const hilo = await startHilo(t, database)
    const ana = await createCustomer(hilo, { userId: '7', email: 'ana@example.com', lastName: 'Paz', metadata: { a: 1 } })
    const luz = await createCustomer(hilo, {
      userId: '8', phoneNumber: '+5491155550000', firstName: 'Luz', lastName: 'Gil', metadata: { a: 2, b: { c: 3 } },
    })
    await changeContact(hilo, luz.id, { email: 'luz@example.com' })
    const messages = await readMessages(hilo)
    const merged = await mergeContacts(hilo, ana.id, luz.id)
    const { firstName, lastName, metadata, email, phoneNumber, userId, mergedContacts } = merged
    assert.deepEqual({ firstName, lastName, metadata, email, phoneNumber, userId }, {
      firstName: 'Luz', lastName: 'Paz', metadata: { a: 1, b: { c: 3 } },
      email: 'ana@example.com', phoneNumber: '+5491155550000', userId: '7',
    })
    assert.deepEqual(values(merged), ['ana@example.com', '7', '+5491155550000', '8', 'luz@example.com'])
    assert.deepEqual(conversationIds(merged), [ana.conversationId, luz.conversationId].sort())
    assert.deepEqual(mergedContacts.map(({ id, firstName }) => [id, firstName]), [[luz.id, 'Luz']])
    assert.deepEqual(await showContact(hilo, ana.id), merged)
    assert.deepEqual(await readMessages(hilo), messages)
    const [event] = (await readEvents(hilo)).filter(({ type }) => type === 'contact.merged')
    assert.equal(event!.contact_id, ana.id)
    assert.deepEqual(event!.data, { mergedContactId: luz.id, conversationIds: [luz.conversationId] })
  })

  test('a merged contact stays readable, says where it is, and cannot be changed', async (t) => {
    const hilo = await startHilo(t, database)
    const ana = await createCustomer(hilo, { userId: '7' })
    const luz = await createCustomer(hilo, { userId: '8', firstName: 'Luz' })
    await mergeContacts(hilo, ana.id, luz.id)
    const shown = await showContact(hilo, luz.id)
    assert.deepEqual([shown.mergedIntoId, shown.firstName, shown.userId], [ana.id, 'Luz', null])
    assert.deepEqual([shown.identities, shown.conversations], [[], []])
    const changed = await hilo.request('PATCH', `/api/contacts/${luz.id}`, { body: { firstName: 'Eva' } })
    assertRefused(changed, { status: 409, code: 'MERGE_CONFLICT', field: 'id', says: ana.id })
  })

  test('messages that name a merged contact go to the one that remained', async (t) => {
    const hilo = await startHilo(t, database)
    const [ana, luz, eva] = [
      await createCustomer(hilo, { userId: '7' }), await createCustomer(hilo, { userId: '8' }),
      await createCustomer(hilo, { userId: '9' }),
    ]
    await mergeContacts(hilo, luz.id, eva.id)
    await mergeContacts(hilo, ana.id, luz.id)
    const byId = await record(hilo, { contactId: eva.id })
    const byKey = await record(hilo, { contact: { userId: '9', email: 'eva@example.com' } })
    await record(hilo, { conversationId: eva.conversationId, contact: { firstName: 'Eva' } })
    const shown = await showContact(hilo, ana.id)
    const expected = [ana, luz, eva, byId, byKey].map(({ conversationId }) => conversationId)
    assert.deepEqual(conversationIds(shown), expected.sort())
    assert.deepEqual([shown.email, shown.firstName], ['eva@example.com', 'Eva'])
  })

  test('undoing a merge restores exactly what it moved and filled in', async (t) => {
    const hilo = await startHilo(t, database)
    const ana = await createCustomer(hilo, { userId: '7', email: 'ana@example.com', metadata: { a: 1 } })
    const luz = await createCustomer(hilo, {
      userId: '8', phoneNumber: '+5491155550000', firstName: 'Luz', lastName: 'Gil', metadata: { a: 2, b: 3 },
    })
    await mergeContacts(hilo, ana.id, luz.id)
    const { contact, restoredContact } = await unmergeContacts(hilo, ana.id, luz.id)
    assert.deepEqual(withoutTimes(contact), withoutTimes(ana.before))
    assert.deepEqual(withoutTimes(restoredContact), withoutTimes(luz.before))
    assert.deepEqual([await showContact(hilo, ana.id), await showContact(hilo, luz.id)], [contact, restoredContact])
    const [event] = (await readEvents(hilo)).filter(({ type }) => type === 'contact.unmerged')
    assert.equal(event!.contact_id, ana.id)
    assert.deepEqual(event!.data, { mergedContactId: luz.id, conversationIds: [luz.conversationId] })
    await record(hilo, { contact: { userId: '8', email: 'luz@example.com' } })
    const since = await showContact(hilo, luz.id)
    await mergeContacts(hilo, ana.id, luz.id)
    const again = await unmergeContacts(hilo, ana.id, luz.id)
    assert.deepEqual(withoutTimes(again.restoredContact), withoutTimes(since))
  })

  test('what came after the merge stays, and what was changed since is not taken out', async (t) => {
    const hilo = await startHilo(t, database)
    const ana = await createCustomer(hilo, { userId: '7' })
    const luz = await createCustomer(hilo, {
      userId: '8', email: 'luz@example.com', phoneNumber: '+5491155550000', firstName: 'Luz', lastName: 'Gil',
      metadata: { kept: 1, changed: 1 },
    })
    await mergeContacts(hilo, ana.id, luz.id)
    const { conversationId } = await record(hilo, { contact: { userId: '8' } })
    await record(hilo, { conversationId: luz.conversationId, contact: { userId: '8' } })
    await changeContact(hilo, ana.id, {
      firstName: 'Ana', email: 'ana@example.com', phoneNumber: null, metadata: { changed: 2, added: 1 },
    })
    await changeContact(hilo, ana.id, { phoneNumber: '+5491155550000' })
    const { contact, restoredContact } = await unmergeContacts(hilo, ana.id, luz.id)
    assert.deepEqual(values(contact), ['7', 'ana@example.com', '+5491155550000'])
    assert.deepEqual(conversationIds(contact), [ana.conversationId, conversationId].sort())
    assert.deepEqual([contact.firstName, contact.lastName], ['Ana', null])
    assert.deepEqual(contact.metadata, { changed: 2, added: 1 })
    assert.deepEqual(values(restoredContact), ['8'])
    assert.deepEqual(conversationIds(restoredContact), [luz.conversationId])
    assert.deepEqual(restoredContact.metadata, { kept: 1, changed: 1 })
  })

  test('merges of merges are undone in reverse order, and each undo says which comes first', async (t) => {
    const hilo = await startHilo(t, database)
    const [ana, luz, eva] = [
      await createCustomer(hilo, { userId: '7' }), await createCustomer(hilo, { userId: '8', firstName: 'Luz' }),
      await createCustomer(hilo, { userId: '9', lastName: 'Paz' }),
    ]
    await mergeContacts(hilo, ana.id, luz.id)
    const afterFirst = await showContact(hilo, ana.id)
    const merged = await mergeContacts(hilo, eva.id, ana.id)
    assert.deepEqual(values(merged), ['9', '7', '8'])
    const hint = `POST /api/contacts/${eva.id}/unmerge with {"contactId": "${ana.id}"}`
    assertRefused(await askUnmerge(hilo, ana.id, luz.id), { status: 409, code: 'MERGE_CONFLICT', field: 'id', says: hint })
    assertRefused(await askUnmerge(hilo, eva.id, luz.id), {
      status: 409, code: 'MERGE_CONFLICT', field: 'id', says: `merged into contact ${ana.id}, not into ${eva.id}`,
    })
    const { contact, restoredContact } = await unmergeContacts(hilo, eva.id, ana.id)
    assert.deepEqual(withoutTimes(contact), withoutTimes(eva.before))
    assert.deepEqual(withoutTimes(restoredContact), withoutTimes(afterFirst))
    const undone = await unmergeContacts(hilo, ana.id, luz.id)
    assert.deepEqual(withoutTimes(undone.contact), withoutTimes(ana.before))
    assert.deepEqual(withoutTimes(undone.restoredContact), withoutTimes(luz.before))
  })

  test('two contacts merged into one are taken out in any order', async (t) => {
    const hilo = await startHilo(t, database)
    const [ana, luz, eva] = [
      await createCustomer(hilo, { userId: '7' }), await createCustomer(hilo, { userId: '8' }),
      await createCustomer(hilo, { userId: '9' }),
    ]
    await mergeContacts(hilo, ana.id, luz.id)
    const { mergedContacts } = await mergeContacts(hilo, ana.id, eva.id)
    assert.deepEqual(mergedContacts.map(({ id }) => id), [eva.id, luz.id])
    const first = await unmergeContacts(hilo, ana.id, luz.id)
    assert.deepEqual(withoutTimes(first.restoredContact), withoutTimes(luz.before))
    assert.deepEqual(values(first.contact), ['7', '9'])
    const second = await unmergeContacts(hilo, ana.id, eva.id)
    assert.deepEqual(withoutTimes(second.contact), withoutTimes(ana.before))
  })

  test('merging with itself, merging or undoing twice, and merging what is merged are refused and change nothing', async (t) => {
    const hilo = await startHilo(t, database)
    const [ana, luz, eva] = [
      await createCustomer(hilo, { userId: '7' }), await createCustomer(hilo, { userId: '8' }),
      await createCustomer(hilo, { userId: '9' }),
    ]
    const conflict = { status: 409, code: 'MERGE_CONFLICT' }
    assertRefused(await askUnmerge(hilo, ana.id, luz.id), { ...conflict, field: 'contactId', says: 'not merged' })
    await mergeContacts(hilo, ana.id, luz.id)
    const before = await takeSnapshot(hilo)
    assertRefused(await askMerge(hilo, ana.id, ana.id), { ...conflict, field: 'contactId', says: 'itself' })
    assertRefused(await askMerge(hilo, ana.id, luz.id), { ...conflict, field: 'contactId', says: 'already' })
    assertRefused(await askMerge(hilo, luz.id, ana.id), { ...conflict, field: 'id', says: ana.id })
    assertRefused(await askMerge(hilo, eva.id, luz.id), { ...conflict, field: 'contactId', says: ana.id })
    assertRefused(await askMerge(hilo, luz.id, eva.id), { ...conflict, field: 'id', says: ana.id })
    assertRefused(await askUnmerge(hilo, eva.id, luz.id), { ...conflict, field: 'id', says: ana.id })
    assertRefused(await askMerge(hilo, 'nobody', ana.id), { status: 404, code: 'NOT_FOUND', field: 'id' })
    assertRefused(await askMerge(hilo, ana.id, 'nobody'), { status: 404, code: 'NOT_FOUND', field: 'contactId' })
    assertRefused(await askMerge(hilo, ana.id, ''), { status: 400, code: 'INVALID_REQUEST', field: 'contactId' })
    assert.deepEqual(await takeSnapshot(hilo), before)
    await unmergeContacts(hilo, ana.id, luz.id)
    assertRefused(await askUnmerge(hilo, ana.id, luz.id), { ...conflict, field: 'contactId', says: 'not merged' })
    await mergeContacts(hilo, luz.id, ana.id)
  })

  test('filling in stops where the metadata would grow beyond 16 KiB; what does not fit stays with its contact', async (t) => {
    const hilo = await startHilo(t, database)
    const ana = await createCustomer(hilo, { userId: '7', metadata: { a: 'x'.repeat(9000) } })
    const luz = await createCustomer(hilo, { userId: '8', metadata: { big: 'x'.repeat(9000), small: 1 } })
    assert.deepEqual(Object.keys((await mergeContacts(hilo, ana.id, luz.id)).metadata).sort(), ['a', 'small'])
    const { contact, restoredContact } = await unmergeContacts(hilo, ana.id, luz.id)
    assert.deepEqual([contact.metadata, restoredContact.metadata], [ana.before.metadata, luz.before.metadata])
  })

  test('who merged and who undid it is in the audit log', async (t) => {
    const hilo = await startHilo(t, database)
    const [ana, luz] = [await createCustomer(hilo, { userId: '7' }), await createCustomer(hilo, { userId: '8' })]
    await mergeContacts(hilo, ana.id, luz.id)
    await unmergeContacts(hilo, ana.id, luz.id)
    const [key] = await readRows(hilo, 'api_keys')
    const log = (await readRows(hilo, 'audit_log')).filter(({ action }) => action.startsWith('contact.'))
    const details = { mergedContactId: luz.id }
    assert.deepEqual(log.map((line) => [line.action, line.actor, line.subject, line.details]).sort(), [
      ['contact.merged', key!.id, ana.id, details], ['contact.unmerged', key!.id, ana.id, details],
    ])
  })
})
