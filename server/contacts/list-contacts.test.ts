import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { changeContact, createContact, mergeContacts } from '../test/contacts.ts'
import { assertRefused, record } from '../test/query-agent.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

/** Names (or ids where there is none) of the contacts that a query finds. */
async function find(hilo: Hilo, query: Record<string, string>): Promise<string[]> {
  const { status, body } = await hilo.request('GET', `/api/contacts?${new URLSearchParams(query)}`)
  assert.equal(status, 200, JSON.stringify(body))
  return body.items.map(({ id, firstName }: { id: string, firstName: string | null }) => firstName ?? id)
}

const search = (hilo: Hilo, text: string) => find(hilo, { search: text })

for (const database of databases) describe(database, skipWithout(database), () => {
  test('contacts are listed once each, the last changed first, whatever the size of the pages', async (t) => {
    const hilo = await startHilo(t, database)
    const names = Array.from({ length: 7 }, (_, index) => `Contact ${index}`)
    // Within one millisecond, and changed together: places in a list need more than the time.
    await hilo.asOwner(async (tx) => {
      await tx.insertInto('contacts').values(names.map((name, index) => ({
        organization_id: hilo.organizationId, id: `c${index}`, first_name: name, metadata: '{}',
        updated_at: `2026-03-01T12:00:00.00000${index < 4 ? 1 : 2}Z`,
      }))).execute()
    })
    const expected = [6, 5, 4, 3, 2, 1, 0].map((index) => names[index])
    for (const limit of [1, 2, 3, 7, 100]) {
      const seen: string[] = []
      for (let cursor: string | null = ''; cursor !== null;) {
        const { body } = await hilo.request('GET', `/api/contacts?limit=${limit}&cursor=${cursor}`)
        seen.push(...body.items.map(({ firstName }: { firstName: string }) => firstName))
        cursor = body.nextCursor
      }
      assert.deepEqual(seen, expected, `limit ${limit}`)
    }
    await changeContact(hilo, 'c2', { firstName: 'Changed' })
    assert.equal((await find(hilo, {}))[0], 'Changed')
  })

  test('names are found by their parts, in any order, case and accent', async (t) => {
    const hilo = await startHilo(t, database)
    await createContact(hilo, { firstName: 'María José', lastName: 'Núñez' })
    await createContact(hilo, { firstName: 'Mario', lastName: 'Ibáñez' })
    for (const text of ['maria', 'MARÍA', 'jose nunez', 'Nuñez María', ' núñez ', 'mari nez', 'ría Jo']) {
      assert.ok((await search(hilo, text)).includes('María José'), text)
    }
    assert.deepEqual(await search(hilo, 'mari nez'), ['Mario', 'María José'])
    await createContact(hilo, { firstName: 'Ångström'.normalize('NFD') })
    for (const text of ['angstrom', 'ÅNGSTRÖM', 'gstro\u0308m']) {
      assert.deepEqual(await search(hilo, text), ['Ångström'.normalize('NFD')])
    }
    assert.deepEqual(await search(hilo, 'ä'.repeat(100)), [])
    assert.deepEqual(await search(hilo, 'mario nunez'), [])
    assert.equal((await search(hilo, ' ')).length, 3)
  })

  test('names are found in any script, however long they are', async (t) => {
    const hilo = await startHilo(t, database)
    const names = ['Андрей', 'हिन्दी', '김민준', 'محمد', '😀 Ó', 'Łukasz']
    for (const firstName of names) await createContact(hilo, { firstName })
    for (const name of names) assert.deepEqual(await search(hilo, name), [name])
    assert.deepEqual(await search(hilo, 'ндре'), ['Андрей'])
    for (const letter of ['각', 'ﬃ', '\u1f82', '😀', 'x']) {
      const [firstName, lastName] = [letter.repeat(256 / letter.length), letter.repeat(256 / letter.length)]
      await createContact(hilo, { firstName, lastName })
      assert.deepEqual(await search(hilo, letter.repeat(40)), [firstName])
    }
  })

  test('signs of a pattern are searched for as they are', async (t) => {
    const hilo = await startHilo(t, database)
    await createContact(hilo, { firstName: '100 %' })
    await createContact(hilo, { firstName: 'a_b' })
    await createContact(hilo, { firstName: 'c\\d' })
    assert.deepEqual(await search(hilo, '%'), ['100 %'])
    assert.deepEqual(await search(hilo, '_'), ['a_b'])
    assert.deepEqual(await search(hilo, '\\'), ['c\\d'])
    assert.deepEqual(await search(hilo, "'; drop table contacts; --"), [])
  })

  test('identities are found by a part of them, phones in any writing', async (t) => {
    const hilo = await startHilo(t, database)
    await createContact(hilo, { firstName: 'Ana', email: 'ana@example.com', userId: 'CRM-7' })
    await record(hilo, {
      channel: 'whatsapp', visitorId: '5491155550000', contact: { firstName: 'Luz', userId: 'tienda_9' },
    })
    for (const text of ['ana@', 'EXAMPLE.com', 'crm-7', 'rm-']) assert.deepEqual(await search(hilo, text), ['Ana'], text)
    for (const text of [
      '+54 9 11 5555-0000', '5491155550000', '541155550000', '+54 11 5555 0000', '11 5555-0000', '(5555) 0000', '0000',
      'tienda_9', '5491155550000@s.whatsapp.net',
    ]) {
      assert.deepEqual(await search(hilo, text), ['Luz'], text)
    }
    for (const text of ['5555-0001', 'tiendaX9', '00-']) assert.deepEqual(await search(hilo, text), [], text)
  })

  test('a filter finds exactly the contact with this identity, in any writing; filters add up', async (t) => {
    const hilo = await startHilo(t, database)
    await createContact(hilo, { firstName: 'Ana', email: 'ana@example.com', userId: '7' })
    await createContact(hilo, { firstName: 'Eva', email: 'eva.ana@example.com', phoneNumber: '+541144440000' })
    await record(hilo, { channel: 'whatsapp', visitorId: '5491155550000', contact: { firstName: 'Luz' } })
    assert.deepEqual(await find(hilo, { email: 'ANA@example.com' }), ['Ana'])
    assert.deepEqual(await find(hilo, { userId: '7' }), ['Ana'])
    assert.deepEqual(await find(hilo, { userId: '77' }), [])
    for (const phoneNumber of ['5491155550000', '+54 9 11 5555-0000', '541155550000']) {
      assert.deepEqual(await find(hilo, { phoneNumber }), ['Luz'], phoneNumber)
    }
    assert.deepEqual(await find(hilo, { phoneNumber: '541144440000' }), ['Eva'])
    assert.deepEqual(await find(hilo, { email: 'ana@example.com', userId: '7', search: 'an' }), ['Ana'])
    assert.deepEqual(await find(hilo, { email: 'ana@example.com', userId: '8' }), [])
    assert.deepEqual(await find(hilo, { email: '', phoneNumber: '', userId: '', search: '' }), ['Luz', 'Eva', 'Ana'])
  })

  test('a contact that is merged is left out and found by what it had as the other one', async (t) => {
    const hilo = await startHilo(t, database)
    const ana = await createContact(hilo, { firstName: 'Ana', email: 'ana@example.com' })
    const old = await createContact(hilo, { firstName: 'Anita', phoneNumber: '+5491155550000' })
    await mergeContacts(hilo, ana.id, old.id)
    assert.deepEqual(await find(hilo, {}), ['Ana'])
    assert.deepEqual(await search(hilo, 'anita'), [])
    assert.deepEqual(await find(hilo, { phoneNumber: '+5491155550000' }), ['Ana'])
  })

  test('a filter, limit or cursor that cannot be read is refused with its name', async (t) => {
    const hilo = await startHilo(t, database)
    const refused: [string, string, string][] = [
      ['limit=0', 'INVALID_REQUEST', 'limit'], ['limit=101', 'INVALID_REQUEST', 'limit'],
      ['limit=x', 'INVALID_REQUEST', 'limit'], ['cursor=x', 'INVALID_REQUEST', 'cursor'],
      [`cursor=${Buffer.from('["2026-02-30T00:00:00.000000Z","c"]').toString('base64url')}`, 'INVALID_REQUEST', 'cursor'],
      ['email=ana', 'INVALID_ID', 'email'], ['phoneNumber=12', 'INVALID_ID', 'phoneNumber'],
      ['userId=%20a', 'INVALID_ID', 'userId'], [`search=${'x'.repeat(101)}`, 'INVALID_REQUEST', 'search'],
      ['search=%00', 'INVALID_REQUEST', 'search'],
    ]
    for (const [query, code, field] of refused) {
      assertRefused(await hilo.request('GET', `/api/contacts?${query}`), { status: 400, code, field }, query)
    }
  })
})
