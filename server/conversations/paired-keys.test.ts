import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertRefused, queryAgent, record, recordAndExplain } from '../test/query-agent.ts'
import { readRows } from '../test/rows.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

const channel = 'whatsapp'
const phone = '5491155550000'
const lid = '76201477542116@lid'

/** Ids that WhatsApp shows in place of a number. */
const hiddenNumbers = [
  (count: number) => `762014775${String(count).padStart(5, '0')}@lid`,
  (count: number) => `US.134912086553027${String(count).padStart(5, '0')}`,
]

/** Ways to show two addresses of one customer in one message. */
const pairings = (hilo: Hilo, one: string, other: string) => [
  { channel, visitorId: one, contact: { phoneNumber: other } },
  { channel, channelExternalId: whole(hilo, one), visitorId: other },
  { channel, channelExternalId: whole(hilo, one), contact: { phoneNumber: other } },
]

const codesOf = ({ warnings }: { warnings: { code: string }[] }) => warnings.map(({ code }) => code)

const whole = (hilo: Pick<Hilo, 'organizationId' | 'agentId'>, address: string) => `${hilo.organizationId}_${hilo.agentId}_${address}`

for (const database of databases) {
  describe(`several addresses of one customer on ${database}`, skipWithout(database), () => {
    test('a number and the id that hides it, once seen together, are one conversation and one contact', async (t) => {
      const hilo = await startHilo(t, database)
      let count = 0
      for (const writeId of hiddenNumbers) {
        for (const seenBefore of ['neither', 'number', 'id'] as const) {
          for (const way of [0, 1, 2, 3, 4, 5]) {
            count += 1
            const [number, id] = [`5491155551${String(count).padStart(3, '0')}`, writeId(count)]
            const pair = [...pairings(hilo, number, id), ...pairings(hilo, id, number)][way]!
            const before = { neither: [], number: [number], id: [id] }[seenBefore]
            const alone = (visitorId: string) => ({ channel, visitorId })
            const reached = new Set<string>()
            for (const said of [...before.map(alone), pair, alone(number), alone(id), pair]) {
              reached.add((await record(hilo, said)).conversationId)
            }
            assert.equal(reached.size, 1, JSON.stringify([seenBefore, pair]))
          }
        }
      }
      assert.equal((await readRows(hilo, 'contacts')).length, count)
      assert.equal((await readRows(hilo, 'contact_identities')).length, 2 * count)
    })

    test('a contact gains both with the message that shows them', async (t) => {
      const hilo = await startHilo(t, database)
      const ways = [...pairings(hilo, phone, lid), ...pairings(hilo, lid, phone)]
      for (const [number, body] of ways.entries()) {
        const other = await hilo.createNeighbour()
        const said = JSON.parse(JSON.stringify(body).replace(whole(hilo, ''), whole(other, '')))
        await record(other, said)
        const kinds = (await readRows(other, 'contact_identities')).map(({ kind }) => kind).sort()
        assert.deepEqual(kinds, ['lid', 'phone'], `${number}: ${JSON.stringify(said)}`)
      }
    })

    test('two numbers, or two ids of one kind, in one message stay two customers', async (t) => {
      const hilo = await startHilo(t, database)
      const [anotherPhone, anotherLid] = ['5491155550001', '76201477542117@lid']
      const reach = async (said: object) => (await record(hilo, { channel, ...said })).conversationId
      const reached = [
        await reach({ visitorId: phone, contact: { phoneNumber: anotherPhone } }),
        await reach({ visitorId: anotherPhone }),
        await reach({
          channelExternalId: whole(hilo, '5491155550002'), visitorId: lid, contact: { phoneNumber: anotherLid },
        }),
        await reach({ visitorId: anotherLid }),
      ]
      assert.equal(new Set(reached).size, 4)
      assert.equal(await reach({ visitorId: lid }), reached[2])
    })

    test('fifty first messages at once that show both are one conversation', async (t) => {
      const hilo = await startHilo(t, database)
      const ways = [...pairings(hilo, phone, lid), ...pairings(hilo, lid, phone)]
      const said = Array.from({ length: 50 }, (_, number) => ways[number % ways.length]!)
      const reached = await Promise.all(said.map((body) => record(hilo, body)))
      assert.equal(new Set(reached.map(({ conversationId }) => conversationId)).size, 1)
      assert.equal((await readRows(hilo, 'contacts')).length, 1)
    })

    test('a flow that fills in one phone for everybody mixes nobody\'s messages with another\'s id, and is told so', async (t) => {
      const hilo = await startHilo(t, database)
      const lids = [lid, '76201477542117@lid', '76201477542118@lid']
      const said = lids.map((visitorId) => ({ channel, visitorId, contact: { phoneNumber: phone } }))
      for (const round of [1, 2]) {
        const resolutions = []
        for (const body of said) resolutions.push(await recordAndExplain(hilo, body))
        assert.equal(new Set(resolutions.map(({ conversation }) => conversation.id)).size, 3)
        const [first, ...others] = resolutions.map(codesOf)
        assert.deepEqual(first, [], String(round))
        for (const codes of others) assert.deepEqual(codes, ['ADDRESS_LEADS_ELSEWHERE', 'CONTACT_CONFLICT'], String(round))
        assert.equal(new Set(resolutions.map(({ contact }) => contact.id)).size, 3)
      }
      assert.equal((await readRows(hilo, 'conversations')).length, 3)
      assert.equal((await readRows(hilo, 'contacts')).length, 3)
      const proposals = await hilo.request('GET', '/api/contacts/merge-proposals')
      assert.equal(proposals.body.items.length, 2, JSON.stringify(proposals.body))
    })

    test('a flow that fills in one visitorId for everybody mixes nobody\'s messages and contacts', async (t) => {
      const hilo = await startHilo(t, database)
      const resolutions = []
      for (const number of ['5491155550000', '5491155550001', '5491155550002']) {
        resolutions.push(await recordAndExplain(hilo, {
          channel, channelExternalId: whole(hilo, number), visitorId: lid, contact: { firstName: number },
        }))
      }
      assert.equal(new Set(resolutions.map(({ conversation }) => conversation.id)).size, 3)
      assert.equal(new Set(resolutions.map(({ contact }) => contact.id)).size, 3)
      for (const one of resolutions.slice(1)) {
        assert.deepEqual(codesOf(one), ['ADDRESS_LEADS_ELSEWHERE', 'CONTACT_CONFLICT'])
      }
      const named = (await readRows(hilo, 'contacts')).map((contact) => contact.first_name)
      assert.deepEqual(named.sort(), ['5491155550000', '5491155550001', '5491155550002'])
    })

    test('of three addresses none may contradict: then it is another customer, whatever the two others say', async (t) => {
      const hilo = await startHilo(t, database)
      const [anotherLid, userId] = ['76201477542117@lid', 'US.13491208655302741918']
      const first = await record(hilo, { channel, visitorId: lid, contact: { phoneNumber: phone } })
      const second = await record(hilo, {
        channel, channelExternalId: whole(hilo, userId), visitorId: anotherLid, contact: { phoneNumber: phone },
      })
      assert.notEqual(second.conversationId, first.conversationId)
      for (const visitorId of [anotherLid, userId]) {
        assert.equal((await record(hilo, { channel, visitorId })).conversationId, second.conversationId, visitorId)
      }
      assert.equal((await record(hilo, { channel, visitorId: phone })).conversationId, first.conversationId)
    })

    test('beside a conversationId, what is shown with an address of the conversation is not refused', async (t) => {
      const hilo = await startHilo(t, database)
      for (const [count, [one, other]] of [[lid, phone], ['5491155550001', '76201477542117@lid']].entries()) {
        const conversationId = `crmchatsappai_1_${count + 1}`
        const known = await record(hilo, { channel, conversationId, channelExternalId: whole(hilo, one!) })
        const said = { channel, conversationId, channelExternalId: whole(hilo, other!) }
        assert.equal((await queryAgent(hilo, said)).status, 409)
        const both = await record(hilo, { ...said, visitorId: one })
        assert.equal(both.conversationId, known.conversationId)
        assert.equal((await record(hilo, { channel, visitorId: other })).conversationId, known.conversationId)
      }
    })

    test('the number that names the conversation is its contact\'s, whatever id stands beside it', async (t) => {
      const hilo = await startHilo(t, database)
      const { body: agent } = await hilo.request('POST', '/api/agents', { body: { name: 'Another' } })
      const said = { channel, channelExternalId: whole(hilo, phone), visitorId: lid }
      const first = await recordAndExplain(hilo, said)
      const elsewhere = { ...said, channelExternalId: whole({ ...hilo, agentId: agent.id }, phone) }
      for (const [body, warnings] of [
        [said, ['ADDRESS_NOT_ATTACHED']], [elsewhere, ['CONTACT_KEY_DIFFERS', 'AGENT_DIFFERS']],
      ] as const) {
        const another = await recordAndExplain(hilo, { ...body, visitorId: '76201477542117@lid' })
        assert.equal(another.contact.id, first.contact.id)
        assert.deepEqual(codesOf(another).sort(), [...warnings].sort())
      }
    })

    test('who has another number by now goes on in the old conversation under the id, in a new one under it', async (t) => {
      const hilo = await startHilo(t, database)
      const old = await record(hilo, { channel, visitorId: lid, contact: { phoneNumber: phone } })
      const another = '5491155550001'
      const byId = await recordAndExplain(hilo, { channel, visitorId: lid, contact: { phoneNumber: another } })
      assert.equal(byId.conversation.id, old.conversationId)
      assert.ok(codesOf(byId).includes('ADDRESS_NOT_ATTACHED'), String(codesOf(byId)))
      const byNumber = await recordAndExplain(hilo, { channel, visitorId: another, contact: { phoneNumber: lid } })
      assert.equal(byNumber.conversation.created, true)
      assert.ok(codesOf(byNumber).includes('ADDRESS_LEADS_ELSEWHERE'), String(codesOf(byNumber)))
    })

    test('a number and an id that both have a conversation keep it: the one that decides is as without the other', async (t) => {
      const hilo = await startHilo(t, database)
      const ofNumber = await record(hilo, { channel, visitorId: phone })
      const ofId = await record(hilo, { channel, visitorId: lid })
      for (const [pair, expected] of [
        ...pairings(hilo, phone, lid).map((body) => [body, ofNumber] as const),
        ...pairings(hilo, lid, phone).map((body) => [body, ofId] as const),
      ]) {
        const resolution = await recordAndExplain(hilo, pair)
        assert.equal(resolution.conversation.id, expected.conversationId, JSON.stringify(pair))
        assert.ok(codesOf(resolution).includes('ADDRESS_LEADS_ELSEWHERE'), JSON.stringify(pair))
        assert.deepEqual(resolution.conversation.attachedKeys, [])
      }
    })

    test('an outdated conversationId beside another number is refused, also where the conversation has an id', async (t) => {
      const hilo = await startHilo(t, database)
      const { conversationId } = await record(hilo, { channel, visitorId: lid, contact: { phoneNumber: phone } })
      assert.equal((await record(hilo, { channel, conversationId, visitorId: phone })).conversationId, conversationId)
      assertRefused(await queryAgent(hilo, { channel, conversationId, visitorId: '5491155550001' }), {
        status: 409, code: 'CONVERSATION_MISMATCH', field: 'visitorId', says: '+5491155550000',
      })
    })

    test('on other channels the phone of a contact is a note, and leads to no conversation', async (t) => {
      const hilo = await startHilo(t, database)
      const noted = { channel: 'api', channelExternalId: whole(hilo, lid), contact: { phoneNumber: phone } }
      const { conversationId } = await record(hilo, noted)
      assert.notEqual((await record(hilo, { channel, visitorId: phone })).conversationId, conversationId)
    })
  })
}
