import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { queryAgent } from '../test/query-agent.ts'
import { readEvents } from '../test/rows.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

const addresses = [
  '5491155550000', '5491155550001', '76201477542116@lid', '76201477542117@lid', 'US.13491208655302741918', 'US.2',
]
const maybe = (...values: (string | undefined)[]) => fc.constantFrom(undefined, ...values)
const said = fc.record({
  inChannelId: maybe(undefined, undefined, ...addresses),
  visitorId: maybe(...addresses, 'visitor'),
  phoneNumber: maybe(undefined, undefined, ...addresses),
  conversationId: maybe(undefined, undefined, 'one', 'two'),
  externalId: maybe(undefined, undefined, undefined, 'e1', 'e2'),
  email: maybe(undefined, undefined, 'ana@example.com'),
})
type Said = typeof said extends fc.Arbitrary<infer Value> ? Value : never

function toBody({ organizationId, agentId }: Hilo, { inChannelId, phoneNumber, email, ...rest }: Said) {
  return {
    ...rest, query: 'Hola', channel: 'whatsapp', contact: { phoneNumber, email },
    channelExternalId: inChannelId === undefined ? undefined : `${organizationId}_${agentId}_${inChannelId}`,
  }
}

/** What came of messages, ids by the order in which they appear. */
function describeAll(hilo: Hilo, results: readonly { requestId?: string, isRepeat?: boolean }[]): string {
  const ids = new Map([[hilo.organizationId, 'organization'], [hilo.agentId, 'agent']])
  const text = JSON.stringify(results.map(({ requestId: _, isRepeat: __, ...result }) => result))
  return text.replace(/messages\[\d+\]\./g, '').replace(/\bc[0-9a-z]{24}(?![0-9a-z])/g, (id) => {
    if (!ids.has(id)) ids.set(id, `id ${ids.size}`)
    return ids.get(id)!
  })
}

for (const database of databases) {
  describe(`addresses of customers on ${database}`, skipWithout(database), () => {
    test('what messages in one list show comes to the same as one after the other', async (t) => {
      const hilo = await startHilo(t, database)
      const seen = new Set<string>()
      await fc.assert(fc.asyncProperty(fc.array(said, { minLength: 2, maxLength: 10, size: 'max' }), async (list) => {
        const [single, whole] = [await hilo.createNeighbour(), await hilo.createNeighbour()]
        const results = []
        for (const one of list) {
          results.push((await queryAgent(single, toBody(single, one), { query: '?explain=true' })).body)
        }
        const { body } = await whole.request('POST', `/api/agents/${whole.agentId}/messages?explain=true`, {
          body: { messages: list.map((one) => toBody(whole, one)) },
        })
        assert.equal(describeAll(whole, body.results), describeAll(single, results))
        const typesOf = async (one: Hilo) => (await readEvents(one)).map(({ type }) => type)
        assert.deepEqual(await typesOf(whole), await typesOf(single))
        for (const { code, resolution } of results) {
          for (const one of resolution?.warnings ?? [{ code }]) seen.add(one.code)
        }
      }), { numRuns: 40, endOnFailure: true })
      for (const code of ['ADDRESS_LEADS_ELSEWHERE', 'CONVERSATION_MISMATCH', 'CONTACT_CONFLICT']) {
        assert.ok(seen.has(code), [...seen].join(', '))
      }
    })
  })
}
