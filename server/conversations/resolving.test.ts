import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createId } from '../database/create-id.ts'
import { askResolve, assertRefused, queryAgent, record, recordAndExplain, resolve } from '../test/query-agent.ts'
import { readMessages, readRows, takeSnapshot } from '../test/rows.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

const right = 'crmchatsappai_12_345'

/** Slips of the pen of which the right form is known. */
const nearMisses = [
  'CRMCHATSAPPAI_12_345', 'CrmChatsappAI_12_345', 'crmchatsappai-12-345', 'crmchatsappai_12-345', 'crmchatsappai 12 345',
  'crmchatsappai:12:345', 'crmchatsappai/12/345', 'crmchatsappai__12_345', 'crmchatsappai_12__345', '_crmchatsappai_12_345',
  'crmchatsappai_12_345_', ' crmchatsappai_12_345', 'crmchatsappai_12_345 ', 'crmchatsappai_ 12_345', 'crmchatsappai12_345',
  'crmchatsapai_12_345', 'crmchatsappia_12_345', 'crmchatsapp_12_345', 'crmchatappai_12_345', 'crm_chatsappai_12_345',
  'crmchatsappai_012_345', 'crmchatsappai_12_0345', 'crmchatsappai_１２_345', 'crmchatsappai_12_345\u200b',
  'crmchatsappai_12_345\n', 'crmchatsappai_#12_#345', '"crmchatsappai_12_345"',
]

/** Slips of which it is not, with the reason. */
const unclear: [id: string, says: RegExp][] = [
  ['crmchatsappai', /missing.*crmchatsappai_\{accountId\}_\{customerId\}/],
  ['crmchatsappai_', /missing/],
  ['crmchatsappai_12', /missing/],
  ['crmchatsappai_12_', /missing/],
  ['crmchatsappai__345', /missing/],
  ['crmchatsappai_12_345_6', /3 numbers instead of two/],
  ['crmchatsappai_a_b', /not a right Chatwoot id.*crmchatsappai_12_345/],
  ['crmchatsappai_12_abc', /letters/],
  ['crmchatsappai_0_345', /counts accounts and conversations from 1/],
  ['crmchatsappai_12_1234567890123456789', /18 digits/],
]

/** Ids of the caller's own making, however odd: each is a conversation of its own. */
const freeForm = [
  right, 'crmchatsappai_12_346', 'crmchatsappai_1_2345', '123', '0123', 'CUID-1', 'cuid-1', 'kommo:lead/77', 'ñandú 😀', 'a_b',
  'a%b', "'; drop table conversations; --", '../../etc/passwd', '__proto__', 'constructor', 'null-island', 'undefined1', '%00',
  '\\u0000', '<a b="c">', 'x'.repeat(256), 'crmchat', 'chatwoot_12_345',
]

const placeholders = [
  '{organizationId}', '{{ $json.body.id }}', '={{ $json.id }}', '${id}', '<phone>', 'undefined', 'null', 'NaN', 'None',
  '[object Object]', '$json.id',
]

const ids = ['conversationId', 'visitorId', 'channelExternalId', 'contactId', 'externalId', 'source', 'author.id',
  'contact.userId', 'contact.email', 'contact.phoneNumber']

function fill(field: string, value: string): Record<string, unknown> {
  const [first, second] = field.split('.')
  return { [first!]: second === undefined ? value : { [second]: value } }
}

function whatsAppId(hilo: Hilo, phone: string): string {
  return `${hilo.organizationId}_${hilo.agentId}_${phone}`
}

for (const database of databases) {
  describe(`resolving on ${database}`, skipWithout(database), () => {
    test('every id of the caller is a conversation of its own, the same one each time', async (t) => {
      const hilo = await startHilo(t, database)
      const first = await Promise.all(freeForm.map((conversationId) => record(hilo, { conversationId })))
      const again = await Promise.all(freeForm.map((conversationId) => record(hilo, { conversationId })))
      assert.equal(new Set(first.map((body) => body.conversationId)).size, freeForm.length)
      assert.deepEqual(again.map((body) => body.conversationId), first.map((body) => body.conversationId))
      assert.equal((await readRows(hilo, 'conversations')).length, freeForm.length)
      for (const [index, conversationId] of freeForm.entries()) {
        const { body } = await hilo.request('GET', `/api/conversations/${encodeURIComponent(conversationId)}`)
        assert.equal(body.id, first[index].conversationId, conversationId)
      }
    })

    test('a near miss of a Chatwoot id is refused with the right id, never taken for another conversation', async (t) => {
      const hilo = await startHilo(t, database)
      const before = await takeSnapshot(hilo)
      const expected = { status: 400, code: 'INVALID_ID', field: 'conversationId' }
      for (const conversationId of nearMisses) {
        const says = `Did you mean "${right}"?`
        assertRefused(await queryAgent(hilo, { conversationId }), { ...expected, says }, conversationId)
        assertRefused(await askResolve(hilo, { conversationId }), { ...expected, says }, conversationId)
      }
      for (const [conversationId, says] of unclear) {
        assertRefused(await queryAgent(hilo, { conversationId }), { ...expected, says }, conversationId)
      }
      assert.deepEqual(await takeSnapshot(hilo), before)
    })

    test('a bare Chatwoot number is accepted with a warning', async (t) => {
      const hilo = await startHilo(t, database)
      const { warnings } = await recordAndExplain(hilo, { conversationId: 123 })
      assert.deepEqual(warnings.map((one: { code: string }) => one.code), ['BARE_CHATWOOT_NUMBER'])
      assert.match(warnings[0].message, /crmchatsappai_\{accountId\}/)
    })

    test('a placeholder that a flow forgot to fill is refused in every id', async (t) => {
      const hilo = await startHilo(t, database)
      const before = await takeSnapshot(hilo)
      for (const field of ids) {
        for (const placeholder of field === 'contact.email' ? placeholders.slice(0, 5) : placeholders) {
          assertRefused(await queryAgent(hilo, fill(field, placeholder)), {
            status: 400, code: 'INVALID_ID', field, says: /placeholder that the calling flow did not fill in/,
          }, `${field} ${placeholder}`)
        }
      }
      const parts = [
        fill('conversationId', 'crmchatsappai_{accountId}_{customerId}'), fill('conversationId', 'crmchatsappai_12_undefined'),
        fill('channelExternalId', `${hilo.organizationId}_{agentId}_5491155550000`),
        { ...fill('channelExternalId', whatsAppId(hilo, 'undefined')), channel: 'whatsapp' },
        { ...fill('visitorId', '{{ $json.wa_id }}'), channel: 'whatsapp' },
      ]
      for (const said of parts) {
        assertRefused(await queryAgent(hilo, said), { status: 400, code: 'INVALID_ID', says: /placeholder/ }, JSON.stringify(said))
      }
      assert.deepEqual(await takeSnapshot(hilo), before)
    })

    test('channelExternalId decides before conversationId, and that before the visitor\'s phone', async (t) => {
      const hilo = await startHilo(t, database)
      const channel = 'whatsapp'
      const [phone, other] = ['5491155550000', '5491155550001']
      const channelExternalId = whatsAppId(hilo, phone)
      const said = [
        [{ channelExternalId, conversationId: 'one', visitorId: other }, 'channelExternalId'],
        [{ conversationId: 'two', visitorId: other, contact: { phoneNumber: phone } }, 'conversationId'],
        [{ visitorId: other, contact: { phoneNumber: phone } }, 'visitorId'],
        [{ visitorId: 'Ana', contact: { phoneNumber: other } }, 'contact.phoneNumber'],
        [{}, 'new'],
      ] as const
      const reached = []
      for (const [body, decidedBy] of said) {
        const { conversation } = await recordAndExplain(hilo, { channel, ...body })
        assert.equal(conversation.decidedBy, decidedBy)
        reached.push(conversation.id)
      }
      assert.equal(reached[3], reached[2], 'visitorId and contact.phoneNumber are the same address')
      assert.equal(new Set(reached).size, 4)
    })

    test('two keys that name different conversations are a 409 that names both', async (t) => {
      const hilo = await startHilo(t, database)
      const one = await record(hilo, { conversationId: 'one' })
      const two = await record(hilo, { channelExternalId: 'two', channel: 'telegram' })
      const before = await takeSnapshot(hilo)
      const said = { conversationId: 'one', channelExternalId: 'two', channel: 'telegram' }
      for (const answer of [await queryAgent(hilo, said), await askResolve(hilo, said)]) {
        assertRefused(answer, { status: 409, code: 'CONVERSATION_MISMATCH', field: 'conversationId', says: one.conversationId })
        assert.match(answer.body.error, new RegExp(two.conversationId))
      }
      assert.deepEqual(await takeSnapshot(hilo), before)
    })

    test('where only one of two keys exists, the other one leads there too from then on', async (t) => {
      const hilo = await startHilo(t, database)
      const channel = 'telegram'
      const { conversationId: first } = await record(hilo, { conversationId: 'one' })
      const both = await recordAndExplain(hilo, { conversationId: 'one', channelExternalId: 'chat-1', channel })
      assert.deepEqual([both.conversation.id, both.conversation.decidedBy], [first, 'conversationId'])
      assert.equal(both.conversation.attachedKeys.length, 1)
      assert.equal((await record(hilo, { channelExternalId: 'chat-1', channel })).conversationId, first)
      const { conversationId: second } = await record(hilo, { channelExternalId: 'chat-2', channel })
      assert.equal((await record(hilo, { channelExternalId: 'chat-2', channel, conversationId: 'two' })).conversationId, second)
      assert.equal((await record(hilo, { conversationId: 'two' })).conversationId, second)
      assert.equal((await record(hilo, { conversationId: second })).conversationId, second)
    })

    test('a second address for one conversation is a 409: it is another customer\'s', async (t) => {
      const hilo = await startHilo(t, database)
      const said = (phone: string, conversationId = 'one') => ({
        channel: 'whatsapp', channelExternalId: whatsAppId(hilo, phone), conversationId,
      })
      const { conversationId } = await record(hilo, said('5491155550000'))
      const before = await takeSnapshot(hilo)
      assertRefused(await queryAgent(hilo, said('5491155550001')), {
        status: 409, code: 'CONVERSATION_MISMATCH', field: 'channelExternalId', says: conversationId,
      })
      assert.deepEqual(await takeSnapshot(hilo), before)
      const again = await record(hilo, said('5491155550000', 'another id of the same'))
      assert.equal(again.conversationId, conversationId)
      const inChat = (chat: string) => ({ channel: 'telegram', channelExternalId: chat, conversationId: 'two' })
      await record(hilo, inChat('chat-1'))
      assertRefused(await queryAgent(hilo, inChat('chat-2')), {
        status: 409, code: 'CONVERSATION_MISMATCH', field: 'channelExternalId', says: 'chat-1',
      })
    })

    test('an outdated conversationId with another customer\'s phone is a 409, and gives nobody the other one\'s phone', async (t) => {
      const hilo = await startHilo(t, database)
      const [ana, bea] = ['5491142516912', '5491112878247']
      const { conversationId } = await record(hilo, { channel: 'whatsapp', visitorId: ana, contact: { firstName: 'Ana' } })
      const said = { channel: 'whatsapp', conversationId, visitorId: bea, contact: { firstName: 'Bea' } }
      const before = await takeSnapshot(hilo)
      for (const answer of [await queryAgent(hilo, said), await askResolve(hilo, said)]) {
        assertRefused(answer, { status: 409, code: 'CONVERSATION_MISMATCH', field: 'visitorId', says: conversationId })
      }
      assert.deepEqual(await takeSnapshot(hilo), before)
      for (const visitorId of [ana, '+54 11 4251-6912', '76201477542116@lid', 'Ana']) {
        assert.equal((await record(hilo, { ...said, visitorId })).conversationId, conversationId, visitorId)
      }
      const luz = await record(hilo, { channel: 'whatsapp', visitorId: '5511978123456' })
      const hinting = { channel: 'whatsapp', conversationId: luz.conversationId, visitorId: '551178123456' }
      assert.equal((await record(hilo, hinting)).conversationId, luz.conversationId, 'perhaps the same phone')
    })

    test('where a conversationId alone holds a conversation together, another phone is not stored as its contact\'s', async (t) => {
      const hilo = await startHilo(t, database)
      const say = (visitorId: string) => recordAndExplain(hilo, { channel: 'whatsapp', conversationId: 'crm-1', visitorId })
      const first = await say('5491142516912')
      const second = await say('5491112878247')
      assert.deepEqual([second.conversation.id, second.contact.id], [first.conversation.id, first.contact.id])
      assert.deepEqual(second.contact.attachedIdentities, [])
      assert.deepEqual(second.warnings.map(({ code }: { code: string }) => code), ['CONTACT_KEY_DIFFERS'])
      const other = await recordAndExplain(hilo, { channel: 'whatsapp', visitorId: '5491112878247' })
      assert.notEqual(other.contact.id, first.contact.id)
    })

    test('two phones in one WhatsApp message are reported', async (t) => {
      const hilo = await startHilo(t, database)
      const channelExternalId = whatsAppId(hilo, '5491142516912')
      const say = (more: object) => recordAndExplain(hilo, { channel: 'whatsapp', channelExternalId, ...more })
      const both = await say({ visitorId: '5491112878247', contact: { phoneNumber: '5491112878247' } })
      assert.deepEqual(both.warnings.map(({ code, field }: { code: string, field: string }) => [code, field]), [
        ['PHONES_DIFFER', 'visitorId'], ['PHONES_DIFFER', 'contact.phoneNumber'],
      ])
      const same = await say({ visitorId: '+54 11 4251-6912', contact: { firstName: 'Ana' } })
      assert.deepEqual(same.warnings, [])
    })

    test('a conversation id in the form of our own is kept for a new conversation', async (t) => {
      const hilo = await startHilo(t, database)
      const own = createId()
      assert.equal((await record(hilo, { conversationId: own })).conversationId, own)
      assert.equal((await record(hilo, { conversationId: own })).conversationId, own)
      const onWhatsApp = createId()
      const said = { channel: 'whatsapp', visitorId: '5491155550000', conversationId: onWhatsApp }
      assert.equal((await record(hilo, said)).conversationId, onWhatsApp)
      assert.deepEqual((await readMessages(hilo)).map((row) => row.seq).sort(), [1, 1, 2])
    })

    test('the same ids in two organizations are two conversations', async (t) => {
      const hilo = await startHilo(t, database)
      const neighbour = await hilo.createNeighbour()
      const own = createId()
      for (const said of [{ conversationId: right }, { channelExternalId: 'x', channel: 'crisp' }, { conversationId: own }]) {
        const [mine, theirs] = await Promise.all([record(hilo, said), record(neighbour, said)])
        assert.equal(mine.conversationId === theirs.conversationId, said.conversationId === own)
      }
      for (const one of [hilo, neighbour]) assert.deepEqual((await readMessages(one)).map((row) => row.seq), [1, 1, 1])
    })

    test('the same id on two channels of other platforms is two conversations', async (t) => {
      const hilo = await startHilo(t, database)
      const reach = async (channel: string) => (await record(hilo, { channel, channelExternalId: 'chat-1' })).conversationId
      assert.notEqual(await reach('telegram'), await reach('slack'))
      assert.equal(await reach('telegram'), await reach('telegram'))
    })

    test('resolve tells what would happen, and writes nothing', async (t) => {
      const hilo = await startHilo(t, database)
      const said = { conversationId: 'one', contact: { email: 'ana@example.com' }, externalId: 'e1' }
      const before = await takeSnapshot(hilo)
      assert.deepEqual(await resolve(hilo, said, { headers: { 'idempotency-key': 'k1' } }), {
        conversation: {
          created: true, decidedBy: 'conversationId', attachedKeys: [{ kind: 'conversation_id', value: 'one' }],
        },
        contact: {
          created: true, decidedBy: 'contact.email', attachedIdentities: [{ kind: 'email', value: 'ana@example.com' }],
        },
        warnings: [],
      })
      assert.deepEqual(await takeSnapshot(hilo), before)
      const { conversationId } = await record(hilo, said)
      const after = await resolve(hilo, { ...said, externalId: 'e2' })
      assert.deepEqual([after.conversation.id, after.conversation.created], [conversationId, false])
      const { body } = await askResolve(hilo, said)
      assert.equal(body.resolution.conversation.decidedBy, 'repeat')
      assert.match(body.summary, new RegExp(conversationId))
    })
  })
}
