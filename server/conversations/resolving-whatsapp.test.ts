import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createId } from '../database/create-id.ts'
import { askResolve, assertRefused, queryAgent, record, recordAndExplain } from '../test/query-agent.ts'
import { readRows, takeSnapshot } from '../test/rows.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

const channel = 'whatsapp'

/** Writings of one person's address each. */
const samePerson: Record<string, string[]> = {
  'Argentina, mobile': [
    '5491155550000', '+5491155550000', '+54 9 11 5555-0000', '541155550000', '+54 (11) 5555-0000', '0054 9 11 5555 0000',
    '54 11 15 5555 0000', '5491155550000@s.whatsapp.net', '5491155550000:12@s.whatsapp.net', '5491155550000@c.us',
    'whatsapp:+5491155550000', '＋５４９１１５５５５００００',
  ],
  'Mexico, with and without the former 1': [
    '5215512345678', '525512345678', '+52 1 55 1234 5678', '+52 55 1234-5678', '00525512345678',
    '5215512345678@s.whatsapp.net',
  ],
  'Brazil, mobile with and without the ninth digit': [
    '5511987654321', '551187654321', '+55 (11) 98765-4321', '+55 11 8765-4321', '551187654321@s.whatsapp.net',
    '0055 11 98765 4321',
  ],
  'Spain': ['34600123456', '+34 600 12 34 56', '0034600123456', '34600123456@c.us'],
  'a LID': ['76201477542116@lid', '76201477542116:3@lid'],
  'a user id of Meta': ['US.13491208655302741918', ' US.13491208655302741918'],
}

/** Addresses of different people, however alike. */
const differentPeople: [string, string][] = [
  ['551132654321', '5511932654321'], // São Paulo: a landline gets no ninth digit
  ['5511987654321', '5521987654321'],
  ['5491155550000', '5491155550001'],
  ['5491155550000', '5493515550000'],
  ['76201477542116@lid', '5491155550000'],
  ['US.13491208655302741918', 'BR.13491208655302741918'],
  ['12025550123', '12025550124'],
]

const noPerson: [address: string, says: RegExp][] = [
  ['120363041234567890@g.us', /group/],
  ['status@broadcast', /status/],
  ['1234567890@newsletter', /channel/],
  ['visitor-abc123', /no phone number/],
  ['12345', /too short/],
  ['+549115555000099999', /too long/],
  ['011 15-5555-0000', /no complete phone number/],
  ['ana@example.com', /no phone number/],
]

const whole = (hilo: Hilo, phone: string, agentId = hilo.agentId) => `${hilo.organizationId}_${agentId}_${phone}`

for (const database of databases) {
  describe(`resolving WhatsApp on ${database}`, skipWithout(database), () => {
    test('however a phone is written, and in whichever field, it is one conversation and one contact', async (t) => {
      for (const [who, writings] of Object.entries(samePerson)) {
        const hilo = await startHilo(t, database)
        const said = writings.flatMap((phone) => [
          { channel, channelExternalId: whole(hilo, phone.trim()) }, { channel, visitorId: phone.trim() },
          { channel, visitorId: 'visitor-1', contact: { phoneNumber: phone } },
        ])
        const reached = await Promise.all(said.map((body) => record(hilo, body)))
        assert.equal(new Set(reached.map((body) => body.conversationId)).size, 1, who)
        assert.equal((await readRows(hilo, 'contacts')).length, 1, who)
        assert.equal((await readRows(hilo, 'contact_identities')).length, 1, who)
      }
    })

    test('addresses of different people are different conversations and contacts', async (t) => {
      for (const pair of differentPeople) {
        const hilo = await startHilo(t, database)
        const [one, two] = await Promise.all(pair.map((visitorId) => record(hilo, { channel, visitorId })))
        assert.notEqual(one.conversationId, two.conversationId, pair.join(' '))
        assert.equal((await readRows(hilo, 'contacts')).length, 2, pair.join(' '))
      }
    })

    test('an Argentine landline and mobile are one account on WhatsApp, and two phones elsewhere', async (t) => {
      const hilo = await startHilo(t, database)
      const numbers = ['+54 11 4567 1234', '+54 9 11 4567 1234']
      for (const phoneNumber of numbers) await record(hilo, { contact: { phoneNumber } })
      assert.equal((await readRows(hilo, 'contacts')).length, 2)
      const reached = await Promise.all(numbers.map((visitorId) => record(hilo, { channel, visitorId })))
      assert.equal(reached[0].conversationId, reached[1].conversationId)
      assert.equal((await readRows(hilo, 'contacts')).length, 2)
    })

    test('what is no person on WhatsApp is refused with the reason', async (t) => {
      const hilo = await startHilo(t, database)
      const before = await takeSnapshot(hilo)
      for (const [address, says] of noPerson) {
        for (const said of [{ visitorId: address }, { channelExternalId: whole(hilo, address) }]) {
          const answer = await queryAgent(hilo, { channel, ...said })
          assertRefused(answer, { status: 400, code: 'INVALID_ID', field: Object.keys(said)[0], says }, address)
        }
        const inContact = { channel, contact: { phoneNumber: address } }
        assertRefused(await queryAgent(hilo, inContact), { status: 400, code: 'INVALID_ID', field: 'contact.phoneNumber', says })
      }
      assert.deepEqual(await takeSnapshot(hilo), before)
    })

    test('an incomplete channelExternalId is refused with the whole right one', async (t) => {
      const hilo = await startHilo(t, database)
      const { organizationId, agentId } = hilo
      const right = whole(hilo, '5491155550000')
      const before = await takeSnapshot(hilo)
      const slips = [
        '5491155550000', '+54 9 11 5555-0000', '541155550000', 5491155550000, '5491155550000@s.whatsapp.net',
        `${agentId}_5491155550000`, `${organizationId}_5491155550000`, `${organizationId}-${agentId}-5491155550000`,
        `${organizationId}_${agentId}__5491155550000`, `${organizationId}_${agentId}:5491155550000`,
        `${organizationId}${agentId}5491155550000`, `${organizationId.toUpperCase()}_${agentId}_5491155550000`,
      ]
      for (const channelExternalId of slips) {
        for (const ask of [queryAgent, askResolve]) {
          assertRefused(await ask(hilo, { channel, channelExternalId }), {
            status: 400, code: 'INVALID_ID', field: 'channelExternalId', says: `Did you mean "${right}"?`,
          }, String(channelExternalId))
        }
      }
      for (const channelExternalId of [`${organizationId}_${agentId}`, `${organizationId}_${agentId}_`, organizationId]) {
        assertRefused(await queryAgent(hilo, { channel, channelExternalId }), {
          status: 400, code: 'INVALID_ID', field: 'channelExternalId', says: `${organizationId}_${agentId}_`,
        }, channelExternalId)
      }
      assert.deepEqual(await takeSnapshot(hilo), before)
      await record(hilo, { channel, channelExternalId: right })
    })

    test('another organization in it is refused in the same words, whether it exists or not', async (t) => {
      const hilo = await startHilo(t, database)
      const neighbour = await hilo.createNeighbour()
      await record(neighbour, { channel, visitorId: '5491155550000' })
      const before = await takeSnapshot(neighbour)
      for (const [organization, agent] of [[neighbour.organizationId, neighbour.agentId], [createId(), createId()]]) {
        const channelExternalId = `${organization}_${agent}_5491155550000`
        const answer = await queryAgent(hilo, { channel, channelExternalId })
        assertRefused(answer, { status: 400, code: 'INVALID_ID', field: 'channelExternalId' })
        assert.deepEqual([answer.body.error, answer.body.hint], [
          `channelExternalId "${channelExternalId}" names an organization that is not the API key's own; ` +
            `"${hilo.organizationId}" was expected in front.`,
          undefined,
        ])
      }
      assert.deepEqual(await takeSnapshot(neighbour), before)
      assert.equal((await readRows(hilo, 'conversations')).length, 0)
    })

    test('an agent in it that the organization does not have is a 404, also if it is another one\'s', async (t) => {
      const hilo = await startHilo(t, database)
      const neighbour = await hilo.createNeighbour()
      for (const agentId of ['nobody', neighbour.agentId]) {
        assertRefused(await queryAgent(hilo, { channel, channelExternalId: whole(hilo, '5491155550000', agentId) }), {
          status: 404, code: 'NOT_FOUND', field: 'channelExternalId', says: `"${agentId}"`,
        })
      }
      assert.equal((await readRows(hilo, 'conversations')).length, 0)
    })

    test('one phone with two agents is two conversations of one contact', async (t) => {
      const hilo = await startHilo(t, database)
      const { body: agent } = await hilo.request('POST', '/api/agents', { body: { name: 'Another' } })
      const visitorId = '5491155550000'
      const one = await recordAndExplain(hilo, { channel, visitorId })
      const two = await recordAndExplain(hilo, { channel, visitorId }, { agentId: agent.id })
      assert.notEqual(one.conversation.id, two.conversation.id)
      assert.equal(one.contact.id, two.contact.id)
    })

    test('its form is understood on other channels too, with a warning', async (t) => {
      const hilo = await startHilo(t, database)
      const { conversationId } = await record(hilo, { channel, visitorId: '5491155550000' })
      const channelExternalId = whole(hilo, '541155550000')
      for (const other of ['api', 'crmchatsappai', 'chatwoot']) {
        const resolution = await recordAndExplain(hilo, { channel: other, channelExternalId })
        assert.equal(resolution.conversation.id, conversationId)
        assert.deepEqual(resolution.warnings.map((one: { code: string }) => one.code), ['READ_AS_WHATSAPP'])
      }
    })

    test('a national number is read with the organization\'s defaultCountry', async (t) => {
      const hilo = await startHilo(t, database)
      const changed = await hilo.request('PATCH', '/api/organization', { body: { defaultCountry: 'AR' } })
      assert.equal(changed.status, 200, JSON.stringify(changed.body))
      const { conversationId } = await record(hilo, { channel, visitorId: '5491155550000' })
      for (const phone of ['011 15-5555-0000', '11 5555-0000', '(011) 5555-0000']) {
        for (const said of [
          { visitorId: phone }, { contact: { phoneNumber: phone } }, { channelExternalId: whole(hilo, phone) },
        ]) assert.equal((await record(hilo, { channel, ...said })).conversationId, conversationId, JSON.stringify(said))
      }
      const [contact] = await readRows(hilo, 'contacts')
      const elsewhere = await recordAndExplain(hilo, { contact: { phoneNumber: '011 15-5555-0000' } })
      assert.equal(elsewhere.contact.id, contact!.id)
    })

    test('without any address it is a new conversation each time, and resolve warns of it', async (t) => {
      const hilo = await startHilo(t, database)
      const [one, two] = [await recordAndExplain(hilo, { channel }), await recordAndExplain(hilo, { channel })]
      assert.notEqual(one.conversation.id, two.conversation.id)
      assert.deepEqual(one.warnings.map((warning: { code: string }) => warning.code), ['NO_ADDRESS'])
    })

    test('elsewhere a phone that cannot be read does not cost the message: it is left out, with a warning', async (t) => {
      const hilo = await startHilo(t, database)
      const resolution = await recordAndExplain(hilo, { contact: { phoneNumber: 'ask Ana', userId: 'u1' } })
      assert.deepEqual(resolution.warnings.map((warning: { code: string }) => warning.code), ['PHONE_NOT_READ'])
      assert.deepEqual((await readRows(hilo, 'contact_identities')).map((row) => row.kind), ['user_id'])
    })
  })
}
