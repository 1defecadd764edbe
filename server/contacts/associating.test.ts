import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createContact, mergeContacts, showContact } from '../test/contacts.ts'
import { record, recordAndExplain } from '../test/query-agent.ts'
import { recordMessages } from '../test/record-messages.ts'
import { readEvents, readMessages, readRows } from '../test/rows.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

const codes = (warnings: { code: string }[]) => warnings.map(({ code }) => code)

async function readIdentities(hilo: Hilo): Promise<string[]> {
  return (await readRows(hilo, 'contact_identities')).map(({ kind, value }) => `${kind} ${value}`).sort()
}

/** Each with the fields that it names as changed. */
async function readContactEvents(hilo: Hilo): Promise<string[]> {
  return (await readEvents(hilo)).filter(({ type }) => type.startsWith('contact.'))
    .map(({ type, data }) => [type, ...data.changed as string[] | undefined ?? []].join(' '))
}

for (const database of databases) {
  describe(`associating on ${database}`, skipWithout(database), () => {
    test('contactId decides, then userId, email, phoneNumber, and last the contact of the conversation', async (t) => {
      const hilo = await startHilo(t, database)
      const names = ['contactId', 'userId', 'email', 'phoneNumber', 'conversation']
      const [explicit, byUserId, byEmail, byPhone, ofConversation] = await Promise.all(names.map((name) => (
        createContact(hilo, { firstName: name })
      )))
      await recordMessages(hilo, [
        { query: '1', contactId: byUserId!.id, contact: { userId: 'u1' } },
        { query: '2', contactId: byEmail!.id, contact: { email: 'ana@example.com' } },
        { query: '3', contactId: byPhone!.id, contact: { phoneNumber: '+34600123456' } },
        { query: '4', contactId: ofConversation!.id, conversationId: 'one' },
      ])
      const contact = { userId: 'u1', email: 'ana@example.com', phoneNumber: '+34 600 12 34 56' }
      const withoutUserId = { ...contact, userId: null }
      const steps: [object, string, { id: string }][] = [
        [{ contactId: explicit!.id, contact }, 'contactId', explicit!],
        [{ contact }, 'contact.userId', byUserId!],
        [{ contact: withoutUserId }, 'contact.email', byEmail!],
        [{ contact: { phoneNumber: contact.phoneNumber } }, 'contact.phoneNumber', byPhone!],
        [{}, 'conversation', ofConversation!],
      ]
      for (const [said, decidedBy, expected] of steps) {
        const resolution = await recordAndExplain(hilo, { conversationId: 'one', ...said })
        assert.deepEqual([resolution.contact.decidedBy, resolution.contact.id], [decidedBy, expected.id])
        assert.equal(resolution.contact.created, false)
      }
      assert.equal((await readRows(hilo, 'contacts')).length, 5)
    })

    test('names and keys that a contact lacks are filled in, those it has are never overwritten', async (t) => {
      const hilo = await startHilo(t, database)
      const say = (contact: object) => recordAndExplain(hilo, { contact })
      const first = await say({ userId: 'u1' })
      assert.deepEqual([first.contact.created, codes(first.warnings)], [true, []])
      const second = await say({ userId: 'u1', email: 'Ana@Example.com', firstName: 'Ana' })
      assert.deepEqual(second.contact.attachedIdentities, [{ kind: 'email', value: 'ana@example.com' }])
      const third = await say({ email: 'ANA@example.COM', phoneNumber: '+34600123456', firstName: 'Eva', lastName: 'Ruiz' })
      assert.deepEqual(third.contact.attachedIdentities, [{ kind: 'phone', value: '+34600123456' }])
      const fourth = await say({
        userId: 'u1', email: 'other@example.com', phoneNumber: '+34600123457', firstName: 'Eva', lastName: 'Other',
      })
      assert.deepEqual(fourth.contact.attachedIdentities, [])
      assert.deepEqual(codes(fourth.warnings), ['CONTACT_KEY_DIFFERS', 'CONTACT_KEY_DIFFERS'])
      for (const one of [second, third, fourth]) assert.equal(one.contact.id, first.contact.id)
      const [contact, ...others] = await readRows(hilo, 'contacts')
      assert.deepEqual([contact!.first_name, contact!.last_name, others.length], ['Ana', 'Ruiz', 0])
      assert.deepEqual(await readIdentities(hilo), ['email ana@example.com', 'phone +34600123456', 'user_id u1'])
      assert.deepEqual(await readContactEvents(hilo), [
        'contact.created', 'contact.updated firstName email', 'contact.updated lastName phoneNumber',
      ])
    })

    test('a WhatsApp address joins the phones of its contact; a phone that is only named does not', async (t) => {
      const hilo = await startHilo(t, database)
      const { id } = await createContact(hilo, { userId: 'u1', phoneNumber: '+54 11 2345-6789' })
      const say = (said: object) => recordAndExplain(hilo, { channel: 'whatsapp', ...said })
      const address = await say({ visitorId: '5491123456789', contact: { userId: 'u1' } })
      assert.deepEqual([address.contact.id, address.contact.attachedIdentities, address.warnings], [
        id, [{ kind: 'phone', value: '+5491123456789' }], [],
      ])
      assert.deepEqual(await readRows(hilo, 'merge_proposals'), [], 'with itself')
      const named = await say({ contact: { userId: 'u1', phoneNumber: '34600123456' } })
      assert.deepEqual([named.contact.id, named.contact.attachedIdentities, codes(named.warnings)], [
        id, [], ['CONTACT_KEY_DIFFERS'],
      ])
    })

    test('who has the phone is meant, also beside another e-mail or the first id of WhatsApp, not beside its second', async (t) => {
      const hilo = await startHilo(t, database)
      const phoneNumber = '+34600123456'
      const { id } = await createContact(hilo, { phoneNumber, email: 'ana@example.com' })
      const say = async ({ email, ...said }: Record<string, string>) => (
        (await recordAndExplain(hilo, { ...said, contact: { phoneNumber, email } })).contact.id as string
      )
      const [first, second] = ['76201477542116@lid', '76201477542117@lid']
      assert.equal(await say({ email: 'other@example.com' }), id)
      assert.equal(await say({ channel: 'whatsapp', visitorId: first }), id)
      const other = await say({ channel: 'whatsapp', visitorId: second })
      assert.notEqual(other, id)
      assert.equal(await say({ channel: 'whatsapp', visitorId: second }), other)
      assert.equal(await say({ channel: 'whatsapp', visitorId: first }), id)
    })

    test('a contact that a message gives an identity has changed, and is the first of the list', async (t) => {
      const hilo = await startHilo(t, database)
      for (const contact of [{ userId: 'u1' }, { userId: 'u2' }, { userId: 'u1', email: 'ana@example.com' }]) {
        await record(hilo, { contact })
      }
      const { body } = await hilo.request('GET', '/api/contacts')
      assert.deepEqual(body.items.map(({ userId }: { userId: string }) => userId), ['u1', 'u2'])
    })

    test('a name of blanks is none, so that the real one is filled in', async (t) => {
      const hilo = await startHilo(t, database)
      for (const firstName of [' ', '\t', ' Luz ', 'Eva']) await record(hilo, { contact: { userId: 'u1', firstName } })
      const [contact] = await readRows(hilo, 'contacts')
      assert.equal(contact!.first_name, 'Luz')
    })

    test('a name that a flow did not fill in is left out with a warning, so that the real one is filled in', async (t) => {
      const hilo = await startHilo(t, database)
      for (const unfilled of ['{{ $json.contacts[0].profile.name }}', 'undefined', ' null ']) {
        const { warnings } = await recordAndExplain(hilo, { contact: { userId: 'u1', firstName: unfilled, lastName: 'Paz' } })
        assert.deepEqual(codes(warnings), ['NAME_NOT_READ'])
      }
      await record(hilo, { contact: { userId: 'u1', firstName: 'Luz' } })
      const [contact] = await readRows(hilo, 'contacts')
      assert.deepEqual([contact!.first_name, contact!.last_name], ['Luz', 'Paz'])
    })

    test('names reach the contact of the conversation, and without any contact they are reported as lost', async (t) => {
      const hilo = await startHilo(t, database)
      const lost = await recordAndExplain(hilo, { contact: { firstName: 'Ana' } })
      assert.deepEqual([lost.contact, codes(lost.warnings)], [
        { created: false, attachedIdentities: [] }, ['CONTACT_WITHOUT_KEY'],
      ])
      assert.equal((await readRows(hilo, 'contacts')).length, 0)
      const { contact } = await recordAndExplain(hilo, { conversationId: 'one', contact: { userId: 'u1' } })
      await record(hilo, { conversationId: 'one', contact: { firstName: 'Ana', email: 'ana@example.com' } })
      const shown = await showContact(hilo, contact.id)
      assert.deepEqual([shown.firstName, shown.conversations.length], ['Ana', 1])
      assert.deepEqual(await readIdentities(hilo), ['email ana@example.com', 'user_id u1'])
    })

    test('keys of different contacts: the first decides, the conflict is reported, and a merge proposed once', async (t) => {
      const hilo = await startHilo(t, database)
      const one = await recordAndExplain(hilo, { contact: { userId: 'u1' } })
      const two = await recordAndExplain(hilo, { contact: { email: 'ana@example.com' } })
      for (const time of [1, 2]) {
        const both = await recordAndExplain(hilo, { contact: { userId: 'u1', email: 'ana@example.com' } })
        assert.equal(both.contact.id, one.contact.id)
        assert.deepEqual(codes(both.warnings), ['CONTACT_CONFLICT'], String(time))
        assert.match(both.warnings[0].message, new RegExp(`${one.contact.id}.*${two.contact.id}`))
        assert.equal(both.warnings[0].field, 'contact.email')
      }
      const proposals = await readRows(hilo, 'merge_proposals')
      assert.deepEqual(proposals.map((row) => [row.contact_id, row.other_contact_id]), [
        [one.contact.id, two.contact.id].sort(),
      ])
      const { body } = await hilo.request('GET', '/api/contacts/merge-proposals')
      assert.equal(body.items.length, 1)
    })

    test('a conversation keeps its contact when a message in it names another one', async (t) => {
      const hilo = await startHilo(t, database)
      const { contact, conversation } = await recordAndExplain(hilo, { conversationId: 'one', contact: { userId: 'u1' } })
      const unknown = await recordAndExplain(hilo, { conversationId: 'one', contact: { userId: 'u2' } })
      assert.deepEqual([unknown.contact.id, codes(unknown.warnings)], [contact.id, ['CONTACT_KEY_DIFFERS']])
      const other = await createContact(hilo, { userId: 'u3' })
      const known = await recordAndExplain(hilo, { conversationId: 'one', contact: { userId: 'u3' } })
      assert.deepEqual([known.contact.id, codes(known.warnings)], [other.id, ['CONTACT_CONFLICT']])
      const { body } = await hilo.request('GET', `/api/conversations/${conversation.id}`)
      assert.equal(body.contact.id, contact.id)
      assert.equal((await recordAndExplain(hilo, { conversationId: 'one' })).contact.id, contact.id)
      assert.deepEqual(await readIdentities(hilo), ['user_id u1', 'user_id u3'])
    })

    test('the ids and keys of a merged contact lead to the winner, in new and in old conversations', async (t) => {
      const hilo = await startHilo(t, database)
      const winner = await recordAndExplain(hilo, { contact: { userId: 'u1' } })
      const loser = await recordAndExplain(hilo, { conversationId: 'one', contact: { email: 'ana@example.com' } })
      await mergeContacts(hilo, winner.contact.id, loser.contact.id)
      const last = await recordAndExplain(hilo, { contact: { userId: 'u0' } })
      await mergeContacts(hilo, last.contact.id, winner.contact.id)
      const ways = [
        { contactId: loser.contact.id }, { contactId: winner.contact.id }, { contact: { email: 'ana@example.com' } },
        { contact: { userId: 'u1' } }, { conversationId: 'one' },
        { conversationId: 'one', contactId: loser.contact.id, contact: { userId: 'u0', email: 'ana@example.com' } },
      ]
      for (const said of ways) {
        const { contact, warnings } = await recordAndExplain(hilo, said)
        assert.deepEqual([contact.id, codes(warnings)], [last.contact.id, []], JSON.stringify(said))
      }
    })

    test('what a customer says carries the contact as its author', async (t) => {
      const hilo = await startHilo(t, database)
      await recordMessages(hilo, [
        { query: 'Hola', from: 'contact', contact: { userId: 'u1', firstName: 'Ana' }, author: { name: 'Anita' } },
        { query: 'Hola', from: 'contact' },
      ])
      const [contact] = await readRows(hilo, 'contacts')
      const authors = (await readMessages(hilo)).map((row) => [row.author_kind, row.author_name, row.author_id])
      assert.deepEqual(authors.sort(), [['contact', 'Anita', contact!.id], ['contact', null, null]].sort())
    })
  })
}
