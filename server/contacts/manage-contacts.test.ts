import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { changeContact, createContact, mergeContacts, showContact } from '../test/contacts.ts'
import { assertRefused, record } from '../test/query-agent.ts'
import { readEvents, readRows, takeSnapshot } from '../test/rows.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

const post = (hilo: Hilo, body: object) => hilo.request('POST', '/api/contacts', { body })
const patch = (hilo: Hilo, id: string, body: object) => hilo.request('PATCH', `/api/contacts/${id}`, { body })

for (const database of databases) describe(database, skipWithout(database), () => {
  test('a new contact has its identities in canonical form, and what it was written as', async (t) => {
    const hilo = await startHilo(t, database)
    const contact = await createContact(hilo, {
      email: ' Ana@Example.COM', phoneNumber: '+54 9 11 5555-0000', userId: 1042, firstName: ' Ana ', lastName: '',
      metadata: { plan: 'gold', none: null }, unknown: 1,
    })
    assert.match(contact.id, /^c[0-9a-z]{24}$/)
    const { id, identities, createdAt, updatedAt, ...rest } = contact
    assert.deepEqual(rest, {
      firstName: 'Ana', lastName: null, email: 'ana@example.com', phoneNumber: '+5491155550000', userId: '1042',
      metadata: { plan: 'gold' }, mergedIntoId: null, conversations: [], mergedContacts: [],
    })
    assert.equal(createdAt, updatedAt)
    assert.deepEqual(identities.map(({ kind, value, raw, origin }) => [kind, value, raw, origin]), [
      ['email', 'ana@example.com', 'Ana@Example.COM', 'api'],
      ['phone', '+5491155550000', '+54 9 11 5555-0000', 'api'],
      ['user_id', '1042', '1042', 'api'],
    ])
    assert.deepEqual(await showContact(hilo, id), contact)
    const events = await readEvents(hilo)
    assert.deepEqual(events.map(({ type, contact_id }) => [type, contact_id]), [['contact.created', id]])
  })

  test('a national phone number is read with the defaultCountry of the organization, and refused without', async (t) => {
    const hilo = await startHilo(t, database)
    assertRefused(await post(hilo, { phoneNumber: '011 15 5555-0000' }), {
      status: 400, code: 'INVALID_ID', field: 'phoneNumber', says: 'defaultCountry',
    })
    const organization = { method: 'PATCH', path: '/api/organization', body: { defaultCountry: 'AR' } }
    assert.equal((await hilo.request(organization.method, organization.path, { body: organization.body })).status, 200)
    assert.equal((await createContact(hilo, { phoneNumber: '011 15 5555-0000' })).phoneNumber, '+5491155550000')
  })

  test('a contact needs a key or a name, each of the right form; nothing is written otherwise', async (t) => {
    const hilo = await startHilo(t, database)
    const before = await takeSnapshot(hilo)
    const big = { text: 'x'.repeat(16 * 1024) }
    const refused: [object, { code: string, field?: string, says?: string | RegExp }][] = [
      [{}, { code: 'INVALID_REQUEST', says: 'needs an email' }],
      [{ email: '', phoneNumber: null, userId: '', firstName: '  ' }, { code: 'INVALID_REQUEST', says: 'needs an email' }],
      [{ email: 'ana.example.com' }, { code: 'INVALID_ID', field: 'email', says: /^email "ana/ }],
      [{ email: '{{ $json.email }}' }, { code: 'INVALID_ID', field: 'email', says: 'placeholder' }],
      [{ phoneNumber: '12' }, { code: 'INVALID_ID', field: 'phoneNumber', says: 'too short' }],
      [{ phoneNumber: 'undefined' }, { code: 'INVALID_ID', field: 'phoneNumber', says: 'placeholder' }],
      [{ phoneNumber: '76201477542116@lid' }, { code: 'INVALID_ID', field: 'phoneNumber', says: 'LID' }],
      [{ userId: ' 7' }, { code: 'INVALID_ID', field: 'userId', says: 'Did you mean "7"?' }],
      [{ userId: 1.5 }, { code: 'INVALID_ID', field: 'userId' }],
      [{ firstName: 'x'.repeat(257) }, { code: 'INVALID_REQUEST', field: 'firstName' }],
      [{ firstName: 7 }, { code: 'INVALID_REQUEST', field: 'firstName' }],
      [{ firstName: 'A', metadata: [] }, { code: 'INVALID_REQUEST', field: 'metadata' }],
      [{ firstName: 'A', metadata: big }, { code: 'INVALID_REQUEST', field: 'metadata', says: '16384' }],
      [{ firstName: 'A\0' }, { code: 'INVALID_REQUEST', field: 'firstName' }],
    ]
    for (const [body, expected] of refused) {
      assertRefused(await post(hilo, body), { status: 400, ...expected }, JSON.stringify(body).slice(0, 80))
    }
    assert.deepEqual(await takeSnapshot(hilo), before)
  })

  test('an identity that another contact has is refused, naming that contact, and nothing is written', async (t) => {
    const hilo = await startHilo(t, database)
    const ana = await createContact(hilo, { email: 'ana@example.com', phoneNumber: '+5491155550000', userId: '7' })
    const luz = await createContact(hilo, { firstName: 'Luz', email: 'luz@example.com' })
    const before = await takeSnapshot(hilo)
    for (const [field, value] of [['email', 'ANA@example.com'], ['phoneNumber', '5491155550000'], ['userId', 7]] as const) {
      const expected = { status: 409, code: 'ALREADY_EXISTS', field, says: ana.id }
      assertRefused(await post(hilo, { firstName: 'Eva', [field]: value }), expected)
      assertRefused(await patch(hilo, luz.id, { firstName: 'Eva', metadata: { a: 1 }, [field]: value }), expected)
    }
    assert.deepEqual(await takeSnapshot(hilo), before)
  })

  test('of fifty concurrent creations of one customer, one succeeds and 49 name it', async (t) => {
    const hilo = await startHilo(t, database)
    const body = (index: number) => ({
      firstName: `Ana ${index}`, email: 'ana@example.com',
      ...(index % 2 ? { phoneNumber: '+5491155550000' } : { userId: '7' }),
    })
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => post(hilo, body(index))))
    const created = answers.filter(({ status }) => status === 201)
    assert.equal(created.length, 1)
    for (const answer of answers.filter((one) => one !== created[0])) {
      assertRefused(answer, { status: 409, code: 'ALREADY_EXISTS', says: created[0]!.body.id })
    }
    assert.equal((await readRows(hilo, 'contacts')).length, 1)
    assert.equal((await readRows(hilo, 'contact_identities')).length, 2)
    assert.equal((await readEvents(hilo)).length, 1)
  })

  test('a change replaces, removes with null, leaves what is absent or empty, and merges metadata', async (t) => {
    const hilo = await startHilo(t, database)
    const { id } = await createContact(hilo, {
      email: 'ana@example.com', userId: '7', firstName: 'Ana', metadata: { plan: 'gold', trial: true },
    })
    const changed = await changeContact(hilo, id, {
      email: 'Eva@example.com', phoneNumber: '+5491155550000', userId: null, lastName: 'Paz', firstName: '',
      metadata: { plan: 'silver', trial: null, seats: { n: 2 } },
    })
    const { firstName, lastName, email, phoneNumber, userId, metadata, identities } = changed
    assert.deepEqual({ firstName, lastName, email, phoneNumber, userId, metadata }, {
      firstName: 'Ana', lastName: 'Paz', email: 'eva@example.com', phoneNumber: '+5491155550000', userId: null,
      metadata: { plan: 'silver', seats: { n: 2 } },
    })
    assert.equal(identities.length, 2)
    assert.equal((await changeContact(hilo, id, { firstName: null, email: '', metadata: null })).firstName, null)
    const events = (await readEvents(hilo)).filter(({ type }) => type === 'contact.updated')
    assert.deepEqual(events.map(({ data }) => data), [
      { changed: ['lastName', 'metadata', 'email', 'phoneNumber', 'userId'] }, { changed: ['firstName'] },
    ])
    await createContact(hilo, { email: 'ana@example.com', userId: '7' })
  })

  test('a change that changes nothing leaves no trace', async (t) => {
    const hilo = await startHilo(t, database)
    const { id } = await createContact(hilo, { email: 'ana@example.com', firstName: 'Ana', metadata: { a: { b: 1 } } })
    const before = await takeSnapshot(hilo)
    await changeContact(hilo, id, {})
    await changeContact(hilo, id, {
      email: 'ANA@example.com', firstName: 'Ana ', lastName: null, userId: null, metadata: { a: { b: 1 }, c: null },
    })
    assert.deepEqual(await takeSnapshot(hilo), before)
  })

  test('metadata stays within 16 KiB however it is put together', async (t) => {
    const hilo = await startHilo(t, database)
    const { id } = await createContact(hilo, { firstName: 'Ana', metadata: { a: 'x'.repeat(9000) } })
    assertRefused(await patch(hilo, id, { metadata: { b: 'x'.repeat(9000) } }), {
      status: 400, code: 'INVALID_REQUEST', field: 'metadata', says: '16384',
    })
    await changeContact(hilo, id, { metadata: { a: null, b: 'x'.repeat(9000) } })
  })

  test('of several e-mail addresses a change concerns the one shown; the others stay', async (t) => {
    const hilo = await startHilo(t, database)
    const ana = await createContact(hilo, { email: 'first@example.com' })
    for (const email of ['second@example.com', 'third@example.com']) {
      await mergeContacts(hilo, ana.id, (await createContact(hilo, { email })).id)
    }
    const emails = (contact: typeof ana) => contact.identities.map(({ value }) => value.split('@')[0]).join(' ')
    assert.equal(emails(await showContact(hilo, ana.id)), 'first second third')
    assert.equal(emails(await changeContact(hilo, ana.id, { email: 'new@example.com' })), 'new second third')
    assert.equal(emails(await changeContact(hilo, ana.id, { email: 'third@example.com' })), 'third second')
    const changed = await changeContact(hilo, ana.id, { email: null })
    assert.deepEqual([emails(changed), changed.email], ['second', 'second@example.com'])
  })

  test('a contact that a message made can be managed, and shows its conversations newest first', async (t) => {
    const hilo = await startHilo(t, database)
    const said = { contact: { email: 'ana@example.com', firstName: 'Ana' } }
    const first = await record(hilo, { ...said, conversationId: 'one' })
    const second = await record(hilo, { ...said, channel: 'whatsapp', visitorId: '5491155550000' })
    const { body: { items: [{ id }] } } = await hilo.request('GET', '/api/contacts')
    const { conversations } = await changeContact(hilo, id, { userId: '7' })
    assert.deepEqual(conversations.map((one) => [one.id, one.agentId, one.channel, one.status]), [
      [second.conversationId, hilo.agentId, 'whatsapp', 'UNRESOLVED'],
      [first.conversationId, hilo.agentId, 'api', 'UNRESOLVED'],
    ])
    const third = await record(hilo, { contact: { userId: '7', email: 'ana@example.com' } })
    assert.equal((await showContact(hilo, id)).conversations[0]!.id, third.conversationId)
  })

  test('another organization sees and changes nothing of it, on no route', async (t) => {
    const hilo = await startHilo(t, database)
    const neighbour = await hilo.createNeighbour()
    const ana = await createContact(hilo, { email: 'ana@example.com' })
    const luz = await createContact(hilo, { userId: '7' })
    await record(hilo, { contact: { email: 'ana@example.com', userId: '7' } })
    const { body: { items: [proposal] } } = await hilo.request('GET', '/api/contacts/merge-proposals')
    const own = await createContact(neighbour, { email: 'ana@example.com' })
    const before = await takeSnapshot(hilo)
    const asked = [
      ['GET', ana.id], ['PATCH', ana.id, { firstName: 'X' }],
      ['POST', `${ana.id}/merge`, { contactId: luz.id }], ['POST', `${ana.id}/merge`, { contactId: ana.id }],
      ['POST', `${own.id}/merge`, { contactId: ana.id }], ['POST', `${ana.id}/merge`, { contactId: own.id }],
      ['POST', `${ana.id}/unmerge`, { contactId: luz.id }], ['POST', `${own.id}/unmerge`, { contactId: ana.id }],
      ['DELETE', `merge-proposals/${proposal.id}`],
    ] as const
    for (const [method, path, body] of asked) {
      assertRefused(await neighbour.request(method, `/api/contacts/${path}`, { body }), { status: 404, code: 'NOT_FOUND' })
    }
    const { body } = await neighbour.request('GET', '/api/contacts?search=ana')
    assert.deepEqual(body.items.map((contact: { id: string }) => contact.id), [own.id])
    assert.deepEqual((await neighbour.request('GET', '/api/contacts/merge-proposals')).body.items, [])
    assert.deepEqual(await takeSnapshot(hilo), before)
  })

  test('reading needs history:read, changing contacts:write', async (t) => {
    const hilo = await startHilo(t, database)
    const { id } = await createContact(hilo, { firstName: 'Ana' })
    const [reader, writer] = [await hilo.createKey(['history:read']), await hilo.createKey(['contacts:write'])]
    const asked = [
      ['GET', ''], ['GET', `/${id}`], ['GET', '/merge-proposals'], ['POST', ''], ['PATCH', `/${id}`],
      ['POST', `/${id}/merge`], ['POST', `/${id}/unmerge`], ['DELETE', '/merge-proposals/x'],
    ] as const
    for (const [method, path] of asked) {
      const body = method === 'GET' || method === 'DELETE' ? undefined : {}
      const [allowed, forbidden] = method === 'GET' ? [reader, writer] : [writer, reader]
      const refused = await hilo.request(method, `/api/contacts${path}`, { body, key: forbidden })
      assertRefused(refused, { status: 403, code: 'FORBIDDEN' }, `${method} ${path}`)
      assert.notEqual((await hilo.request(method, `/api/contacts${path}`, { body, key: allowed })).status, 403)
    }
  })
})
