import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createId } from '../database/create-id.ts'
import { askResolve, queryAgent } from '../test/query-agent.ts'
import { takeSnapshot } from '../test/rows.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

const own = [createId(), createId()]
const phones = ['5491155550000', '541155550000', '+54 9 11 5555-0001', '5511987654321', '551187654321']
const hidden = ['76201477542116@lid', '76201477542117@lid', 'US.13491208655302741918']

/** A field that is often left out. */
const maybe = <Value>(...values: Value[]) => fc.option(fc.constantFrom(...values), { nil: undefined, freq: 2 })

const whatsAppForm = Symbol('the whole id, to be completed with the ids of the test')

const said = fc.record({
  channel: maybe('whatsapp', 'whatsapp', 'telegram', 'api', 'crmchatsappai'),
  conversationId: maybe('one', 'two', 'crmchatsappai_1_2', 'crmchatsappai-1-2', '123', ...own),
  channelExternalId: maybe<string | typeof whatsAppForm>('chat-1', 'chat-2', whatsAppForm),
  phone: fc.constantFrom(...phones, ...hidden),
  visitorId: maybe('v1', 'v2', ...phones, ...hidden),
  contactId: maybe('nobody', 'the first'),
  contact: fc.option(fc.record({
    userId: maybe('u1', 'u2', 'u3'),
    email: maybe('ana@example.com', 'ANA@example.com', 'eva@example.com'),
    phoneNumber: maybe(...phones, ...hidden, 'none'),
    firstName: maybe('Ana', 'Eva'),
  }), { nil: undefined }),
  externalId: maybe(...Array.from({ length: 50 }, (_, number) => `e${number}`)),
  isDraft: maybe(true),
})

type Generated = typeof said extends fc.Arbitrary<infer Value> ? Value : never

function complete(hilo: Hilo, { phone, ...generated }: Generated, firstContact: string | undefined) {
  const { channelExternalId, contactId } = generated
  return {
    ...generated,
    channelExternalId: channelExternalId === whatsAppForm
      ? `${hilo.organizationId}_${hilo.agentId}_${phone.replace(/[+ -]/g, '')}` : channelExternalId,
    contactId: contactId === 'the first' ? firstContact : contactId,
  }
}

interface Target {
  id?: string
  created: boolean
}

/** Ids of what is created are known only afterwards. */
function withoutNewIds({ conversation, contact, ...rest }: { conversation: Target, contact: Target }) {
  const strip = ({ id, ...target }: Target) => (target.created || id === undefined ? target : { id, ...target })
  return { conversation: strip(conversation), contact: strip(contact), ...rest }
}

for (const database of databases) {
  describe(`the dry run on ${database}`, skipWithout(database), () => {
    test('resolve writes nothing, and tells exactly what query-agent then does', async (t) => {
      const hilo = await startHilo(t, database)
      let firstContact: string | undefined
      const decisions = new Set<string>()
      await fc.assert(fc.asyncProperty(said, async (generated) => {
        const body = complete(hilo, generated, firstContact)
        const before = await takeSnapshot(hilo)
        const planned = await askResolve(hilo, body)
        assert.deepEqual(await takeSnapshot(hilo), before)
        const done = await queryAgent(hilo, body, { query: '?explain=true' })
        assert.equal(done.status, planned.status, JSON.stringify([planned.body, done.body]))
        if (planned.status !== 200) {
          assert.deepEqual({ ...planned.body, requestId: '' }, { ...done.body, requestId: '' })
          assert.deepEqual(await takeSnapshot(hilo), before)
          decisions.add(done.body.code)
          return
        }
        const { resolution, conversationId } = done.body
        assert.deepEqual(planned.body.resolution, withoutNewIds(resolution))
        assert.equal(resolution.conversation.id, conversationId)
        decisions.add(resolution.conversation.decidedBy)
        firstContact ??= resolution.contact.id
      }), { numRuns: 120, endOnFailure: true })
      assert.ok(decisions.size >= 6, `too little was tried: ${[...decisions].join(', ')}`)
    })
  })
}
