import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sql } from 'kysely'
import { askMerge, askUnmerge, createContact, mergeContacts, showContact } from '../test/contacts.ts'
import { queryAgent, record } from '../test/query-agent.ts'
import { readEvents, readRows } from '../test/rows.ts'
import { type Answer, databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

const rounds = 50

/** The same organization through a second process's door: its own queue of messages over the same database. */
async function openSecondDoor(t: Parameters<typeof startHilo>[0], hilo: Hilo): Promise<Hilo> {
  const { url } = await startHilo(t, hilo.database.kind, { logLevel: 'silent' })
  return {
    ...hilo,
    url,
    request: async (method, path, options) => {
      const response = await fetch(url + path, {
        method,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${hilo.key}` },
        body: JSON.stringify(options?.body),
      })
      return { status: response.status, headers: response.headers, body: await response.json() }
    },
  }
}

const statuses = (answers: Answer[]) => answers.map(({ status }) => status)
const shown = (answers: Answer[]) => JSON.stringify(answers.map(({ body }) => body))

/** Nothing may ever be left on a contact that is merged away, and every message has its conversation and contact. */
async function assertNothingLost(hilo: Hilo, answers: Answer[]): Promise<void> {
  const { rows: lost } = await hilo.asOwner((tx) => sql`
    select c.id from contacts c
    where c.organization_id = ${hilo.organizationId} and c.merged_into_id is not null and (
      exists (select from contact_identities i where i.organization_id = c.organization_id and i.contact_id = c.id)
      or exists (select from conversations v where v.organization_id = c.organization_id and v.contact_id = c.id))
  `.execute(tx))
  assert.deepEqual(lost, [])
  const conversations = new Map((await readRows(hilo, 'conversations')).map((row) => [row.id, row.contact_id]))
  for (const { status, body } of answers) {
    assert.equal(status, 200, JSON.stringify(body))
    assert.notEqual(conversations.get(body.conversationId) ?? null, null)
  }
  const seqs = (await readEvents(hilo)).map(({ seq }) => seq)
  assert.deepEqual(seqs, seqs.map((_, index) => index + 1))
}

for (const database of databases) describe(database, skipWithout(database), () => {
  test('merges racing with first messages of the same contact leave nothing on the contact merged away', async (t) => {
    const hilo = await startHilo(t, database)
    const second = await openSecondDoor(t, hilo)
    const said: Answer[] = []
    for (let round = 0; round < rounds; round += 1) {
      const [ana, luz] = [
        await createContact(hilo, { userId: `ana${round}` }), await createContact(hilo, { userId: `luz${round}` }),
      ]
      await record(hilo, { conversationId: `old${round}`, contact: { userId: `luz${round}` } })
      const contact = { userId: `luz${round}` }
      const [merge, ...messages] = await Promise.all([
        askMerge(round % 2 ? second : hilo, ana.id, luz.id),
        queryAgent(hilo, { contact }),
        queryAgent(second, { contact: { ...contact, email: `luz${round}@example.com` } }),
        queryAgent(second, { conversationId: `old${round}`, contact: { phoneNumber: `+54911555${50000 + round}` } }),
        queryAgent(hilo, { contactId: luz.id, conversationId: `new${round}` }),
        queryAgent(second, { contactId: luz.id, contact: { email: `other${round}@example.com`, firstName: 'Luz' } }),
      ])
      assert.equal(merge.status, 200, JSON.stringify(merge.body))
      said.push(...messages)
      const { identities, conversations } = await showContact(hilo, ana.id)
      assert.equal(conversations.length, 5)
      assert.ok(identities.some(({ value }) => value === `luz${round}`))
    }
    await assertNothingLost(hilo, said)
  })

  test('undone merges racing with messages leave every conversation with a contact that stands for itself', async (t) => {
    const hilo = await startHilo(t, database)
    const second = await openSecondDoor(t, hilo)
    const said: Answer[] = []
    for (let round = 0; round < rounds; round += 1) {
      const [ana, luz] = [
        await createContact(hilo, { userId: `ana${round}` }), await createContact(hilo, { userId: `luz${round}` }),
      ]
      await record(hilo, { conversationId: `old${round}`, contact: { userId: `luz${round}` } })
      await mergeContacts(hilo, ana.id, luz.id)
      const [undo, ...messages] = await Promise.all([
        askUnmerge(round % 2 ? second : hilo, ana.id, luz.id),
        queryAgent(hilo, { contact: { userId: `luz${round}` } }),
        queryAgent(second, { conversationId: `old${round}`, contact: { userId: `ana${round}` } }),
        queryAgent(second, { contactId: luz.id, contact: { email: `luz${round}@example.com` } }),
      ])
      assert.equal(undo.status, 200, JSON.stringify(undo.body))
      said.push(...messages)
      const restored = await showContact(hilo, luz.id)
      assert.deepEqual(restored.identities[0]?.value, `luz${round}`)
      const [, { body: { conversationId } }] = messages
      assert.ok(restored.conversations.some(({ id }) => id === conversationId))
    }
    await assertNothingLost(hilo, said)
  })

  test('of merges of the same contacts at once, exactly one happens', async (t) => {
    const hilo = await startHilo(t, database)
    const second = await openSecondDoor(t, hilo)
    for (let round = 0; round < 10; round += 1) {
      const [ana, luz] = [
        await createContact(hilo, { userId: `ana${round}` }), await createContact(hilo, { userId: `luz${round}` }),
      ]
      for (const { id, userId } of [ana, luz]) await record(hilo, { conversationId: `of ${id}`, contact: { userId } })
      const merges = await Promise.all([
        askMerge(hilo, ana.id, luz.id), askMerge(second, luz.id, ana.id), askMerge(second, ana.id, luz.id),
        askMerge(hilo, luz.id, ana.id),
      ])
      assert.deepEqual(statuses(merges).sort(), [200, 409, 409, 409], shown(merges))
      const winner = merges.find(({ status }) => status === 200)!.body
      assert.deepEqual([winner.identities.length, winner.conversations.length], [2, 2])
      const other = winner.id === ana.id ? luz.id : ana.id
      const undone = await Promise.all([hilo, second, hilo].map((door) => askUnmerge(door, winner.id, other)))
      assert.deepEqual(statuses(undone).sort(), [200, 409, 409], shown(undone))
    }
    await assertNothingLost(hilo, [])
  })

  test('merges in a ring at once never make a circle, nor lose a conversation', async (t) => {
    const hilo = await startHilo(t, database)
    const second = await openSecondDoor(t, hilo)
    for (let round = 0; round < 10; round += 1) {
      const ids: string[] = []
      for (const index of [0, 1, 2, 3]) {
        const userId = `${round} ${index}`
        ids.push((await createContact(hilo, { userId })).id)
        await record(hilo, { conversationId: `of ${userId}`, contact: { userId } })
      }
      const merges = await Promise.all(ids.map((id, index) => (
        askMerge(index % 2 ? hilo : second, id, ids[(index + 1) % 4]!)
      )))
      for (const { status } of merges) assert.ok([200, 409].includes(status), shown(merges))
      const contacts = await Promise.all(ids.map((id) => showContact(hilo, id)))
      const live = contacts.filter(({ mergedIntoId }) => mergedIntoId === null)
      assert.equal(live.length, 4 - merges.filter(({ status }) => status === 200).length)
      assert.equal(live.flatMap(({ conversations }) => conversations).length, 4)
      assert.equal(live.flatMap(({ identities }) => identities).length, 4)
    }
    await assertNothingLost(hilo, [])
  })
})
