import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { changeContact, createContact, mergeContacts, unmergeContacts } from '../test/contacts.ts'
import { assertRefused, record, recordAndExplain } from '../test/query-agent.ts'
import { readRows } from '../test/rows.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

async function list(hilo: Hilo, query = '') {
  const { status, body } = await hilo.request('GET', `/api/contacts/merge-proposals${query}`)
  assert.equal(status, 200, JSON.stringify(body))
  return body
}

/** Two contacts that one message named both. */
async function createConflict(hilo: Hilo, name: string) {
  const [one, other] = [await createContact(hilo, { userId: name }), await createContact(hilo, { email: `${name}@a.com` })]
  const repeat = () => record(hilo, { contact: { userId: name, email: `${name}@a.com` } })
  await repeat()
  return { one, other, repeat }
}

const dismiss = (hilo: Hilo, id: string) => hilo.request('DELETE', `/api/contacts/merge-proposals/${id}`)

for (const database of databases) describe(database, skipWithout(database), () => {
  test('keys of one message that point at two contacts make one proposal, with the reason', async (t) => {
    const hilo = await startHilo(t, database)
    const { one, other, repeat } = await createConflict(hilo, 'ana')
    await repeat()
    const { items: [{ id, createdAt, ...proposal }, ...more], nextCursor } = await list(hilo)
    assert.deepEqual([more, nextCursor], [[], null])
    assert.match(id, /^c[0-9a-z]{24}$/)
    assert.match(createdAt, /^\d{4}-.*Z$/)
    const [contactId, otherContactId] = [one.id, other.id].sort()
    const reason = 'contact.userId and contact.email of one message named them'
    assert.deepEqual(proposal, { contactId, otherContactId, reason })
  })

  test('a phone given to a contact that may be another writing of a contact\'s phone makes a proposal, once', async (t) => {
    const hilo = await startHilo(t, database)
    await record(hilo, { channel: 'whatsapp', visitorId: '5491123456789' })
    const one = await createContact(hilo, { phoneNumber: '+54 11 2345-6789' })
    const { items: [proposal, ...more] } = await list(hilo)
    assert.deepEqual(more, [])
    assert.ok([proposal.contactId, proposal.otherContactId].includes(one.id))
    assert.equal(proposal.reason, '+541123456789 and +5491123456789 may be one phone in two writings')
    assert.equal((await dismiss(hilo, proposal.id)).status, 204)
    await changeContact(hilo, one.id, { phoneNumber: null })
    await changeContact(hilo, one.id, { phoneNumber: '+54 11 2345-6789' })
    assert.deepEqual((await list(hilo)).items, [])
    await createContact(hilo, { phoneNumber: '551178123456' })
    await createContact(hilo, { phoneNumber: '5511978123456' })
    assert.equal((await list(hilo)).items.length, 1)
  })

  test('a message from a phone that may be another writing of a contact\'s phone makes a proposal, and no merge', async (t) => {
    const hilo = await startHilo(t, database)
    const pairs = [['+54 11 2345-6789', '5491123456789'], ['551178123456', '5511978123456']] as const
    for (const [inCrm, onWhatsApp] of pairs) {
      const one = await createContact(hilo, { phoneNumber: inCrm })
      const { contact, warnings } = await recordAndExplain(hilo, { channel: 'whatsapp', visitorId: onWhatsApp })
      assert.notEqual(contact.id, one.id)
      assert.deepEqual(warnings.map(({ code }: { code: string }) => code), ['CONTACT_MAY_EXIST'])
      const { items: [proposal] } = await list(hilo)
      assert.deepEqual([proposal.contactId, proposal.otherContactId], [one.id, contact.id].sort())
      assert.match(proposal.reason, /may be one phone in two writings/)
      await record(hilo, { channel: 'whatsapp', visitorId: onWhatsApp })
    }
    assert.equal((await list(hilo)).items.length, 2)
  })

  test('proposals are listed newest first, page by page', async (t) => {
    const hilo = await startHilo(t, database)
    for (const name of ['ana', 'eva', 'luz']) await createConflict(hilo, name)
    const { items: all } = await list(hilo)
    const first = await list(hilo, '?limit=2')
    const second = await list(hilo, `?limit=2&cursor=${first.nextCursor}`)
    assert.deepEqual([...first.items, ...second.items], all)
    assert.deepEqual([all.length, first.items.length, second.nextCursor], [3, 2, null])
    const times = all.map(({ createdAt }: { createdAt: string }) => createdAt)
    assert.deepEqual(times, times.toSorted().toReversed())
    const broken = await hilo.request('GET', '/api/contacts/merge-proposals?cursor=x')
    assertRefused(broken, { status: 400, code: 'INVALID_REQUEST', field: 'cursor' })
  })

  test('a dismissed proposal is gone and does not come back with the next message', async (t) => {
    const hilo = await startHilo(t, database)
    const { one, other, repeat } = await createConflict(hilo, 'ana')
    const { items: [{ id }] } = await list(hilo)
    const { status, body } = await dismiss(hilo, id)
    assert.deepEqual([status, body], [204, ''])
    await repeat()
    assert.deepEqual((await list(hilo)).items, [])
    assert.equal((await dismiss(hilo, id)).status, 204)
    assertRefused(await dismiss(hilo, 'nothing'), { status: 404, code: 'NOT_FOUND', field: 'id' })
    const log = (await readRows(hilo, 'audit_log')).filter(({ action }) => action === 'merge_proposal.dismissed')
    const [contactId, otherContactId] = [one.id, other.id].sort()
    assert.deepEqual(log.map(({ subject, details }) => [subject, details]), [[id, { contactId, otherContactId }]])
  })

  test('merging the two settles their proposal; those with a merged contact wait until it is taken out', async (t) => {
    const hilo = await startHilo(t, database)
    const { one, other } = await createConflict(hilo, 'ana')
    const third = await createContact(hilo, { userId: 'eva' })
    await record(hilo, { contactId: third.id, contact: { email: 'ana@a.com' } })
    assert.equal((await list(hilo)).items.length, 2)
    await mergeContacts(hilo, one.id, other.id)
    assert.deepEqual((await list(hilo)).items, [])
    await unmergeContacts(hilo, one.id, other.id)
    const [proposal, ...more] = (await list(hilo)).items
    assert.deepEqual([proposal.contactId, proposal.otherContactId, more], [...[other.id, third.id].sort(), []])
  })
})
