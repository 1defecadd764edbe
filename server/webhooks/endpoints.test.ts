import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { record } from '../test/query-agent.ts'
import { readRows } from '../test/rows.ts'
import { databases, skipWithout, startHilo } from '../test/start-hilo.ts'

const path = '/api/webhook-endpoints'
const url = 'https://hooks.example.com/hilo'

for (const database of databases) {
  describe(`webhook endpoints on ${database}`, skipWithout(database), () => {
    test('a new endpoint wants everything, in order; its secret is shown once and stored encrypted', async (t) => {
      const hilo = await startHilo(t, database)
      const { status, body: created } = await hilo.request('POST', path, { body: { url } })
      assert.equal(status, 201)
      const { secret, ...endpoint } = created
      assert.match(secret, /^whsec_[0-9A-Za-z+/]{43}=$/)
      const { id, ownApiKeyId, lastSeq, createdAt, updatedAt, ...settings } = endpoint
      assert.deepEqual(settings, {
        kind: 'events', url, description: null, eventTypes: null, agentId: null, channel: null, ordered: true, ignoreOwn: false,
        isEnabled: true, disabledReason: null, failingSince: null, pausedUntil: null, oldSecretUntil: null,
      })
      assert.ok(Number.isInteger(lastSeq) && Date.parse(createdAt) && Date.parse(updatedAt))
      assert.equal(ownApiKeyId, (await hilo.request('GET', '/api/api-keys')).body.items[0].id)
      assert.deepEqual((await hilo.request('GET', `${path}/${id}`)).body, endpoint)
      assert.deepEqual((await hilo.request('GET', path)).body, { items: [endpoint], nextCursor: null })
      const { body: log } = await hilo.request('GET', '/api/audit-log')
      for (const text of [await readRows(hilo, 'webhook_endpoints'), log].map((one) => JSON.stringify(one))) {
        assert.ok(!text.includes(secret.slice(6)))
      }
      assert.deepEqual([log.items[0].action, log.items[0].subject], ['webhook_endpoint.created', id])
    })

    test('what makes no sense is refused, naming the field', async (t) => {
      const hilo = await startHilo(t, database)
      const cases: [body: object, field: string][] = [
        [{}, 'url'], [{ url: '' }, 'url'], [{ url: 'hooks' }, 'url'], [{ url: 'http://hooks.example.com' }, 'url'],
        [{ url: 'https://127.0.0.1/' }, 'url'], [{ url: 'https://2130706433/' }, 'url'],
        [{ url: 'https://[::ffff:10.0.0.1]/' }, 'url'], [{ url: 'https://169.254.169.254/' }, 'url'],
        [{ url: 'https://me:secret@hooks.example.com' }, 'url'], [{ url, eventTypes: [] }, 'eventTypes'],
        [{ url, eventTypes: ['message.sung'] }, 'eventTypes[0]'], [{ url, agentId: 'nobody' }, 'agentId'],
        [{ url, ownApiKeyId: 'nobody' }, 'ownApiKeyId'], [{ url, ordered: 'yes' }, 'ordered'],
        [{ url, channel: 'WhatsApp' }, 'channel'], [{ url, channel: 'whatsap' }, 'channel'],
      ]
      const { body: { id } } = await hilo.request('POST', path, { body: { url } })
      for (const [body, field] of cases) {
        const answer = await hilo.request('POST', path, { body })
        assert.deepEqual([answer.status, answer.body.field], [400, field], JSON.stringify(answer.body))
        if (!('url' in body)) continue
        const change = await hilo.request('PATCH', `${path}/${id}`, { body })
        assert.deepEqual([change.status, change.body.field], [400, field])
      }
      assert.equal((await hilo.request('GET', path)).body.items.length, 1)
    })

    test('a change leaves alone what it does not name, and null takes a filter away', async (t) => {
      const hilo = await startHilo(t, database)
      const { body: { id } } = await hilo.request('POST', path, {
        body: { url, description: 'CRM', eventTypes: ['message.created'], channel: 'api', agentId: hilo.agentId },
      })
      const { body: created } = await hilo.request('GET', `${path}/${id}`)
      const change = { eventTypes: null, channel: '', ordered: false, isEnabled: false }
      const { status, body } = await hilo.request('PATCH', `${path}/${id}`, { body: change })
      assert.equal(status, 200)
      assert.deepEqual(body, { ...created, ...change, channel: null, updatedAt: body.updatedAt })
    })

    test('a deleted endpoint is gone, and deleting it again is 404', async (t) => {
      const hilo = await startHilo(t, database)
      const { body: { id } } = await hilo.request('POST', path, { body: { url } })
      assert.equal((await hilo.request('DELETE', `${path}/${id}`)).status, 204)
      for (const method of ['GET', 'DELETE']) assert.equal((await hilo.request(method, `${path}/${id}`)).status, 404)
    })

    test('what is to be sent again must be said in one way', async (t) => {
      const hilo = await startHilo(t, database)
      const { body: { id } } = await hilo.request('POST', path, { body: { url, isEnabled: false } })
      const ask = (body: object) => hilo.request('POST', `${path}/${id}/redeliver`, { body })
      for (const body of [{}, { failed: false }, { seq: 1, failed: true }, { seq: 1, toSeq: 5 }, { toSeq: 5 },
        { to: '2026-01-01T00:00:00Z' }, { fromSeq: 1, from: '2026-01-01T00:00:00Z' },
        { fromSeq: 1, toSeq: 2, to: '2026-01-01T00:00:00Z' }]) {
        assert.equal((await ask(body)).status, 400, JSON.stringify(body))
      }
      assert.deepEqual((await ask({ fromSeq: 1, toSeq: 1 })).body, { queued: 0, nextFromSeq: null })
      assert.equal((await ask({ seq: 999_999 })).status, 404)
    })

    test('of a range only what the filters let through is sent again, and an event that is named in any case', async (t) => {
      const hilo = await startHilo(t, database)
      await record(hilo, {})
      const { body: { id, lastSeq: seq } } = await hilo.request('POST', path, {
        body: { url, eventTypes: ['contact.created'], isEnabled: false },
      })
      const ask = (body: object) => hilo.request('POST', `${path}/${id}/redeliver`, { body })
      assert.deepEqual((await ask({ fromSeq: 1 })).body, { queued: 0, nextFromSeq: null })
      assert.deepEqual((await ask({ seq })).body, { queued: 1, nextFromSeq: null })
    })

    test('numbers and times that no event can have are refused, naming the field', async (t) => {
      const hilo = await startHilo(t, database)
      const { body: { id } } = await hilo.request('POST', path, { body: { url, isEnabled: false } })
      const cases: [body: object, field: string][] = [
        [{ seq: 1e30 }, 'seq'], [{ fromSeq: 1e30 }, 'fromSeq'], [{ fromSeq: 1, toSeq: 1e30 }, 'toSeq'],
        [{ from: '0000-01-01T00:00:00Z' }, 'from'], [{ from: '2026-01-01T00:00:00Z', to: '0000-01-01T00:00:00Z' }, 'to'],
        [{ from: '2026-02-30T00:00:00Z' }, 'from'], [{ from: '2026-01-01T00:00:00+24:00' }, 'from'],
      ]
      for (const [body, field] of cases) {
        const answer = await hilo.request('POST', `${path}/${id}/redeliver`, { body })
        assert.deepEqual([answer.status, answer.body.field], [400, field], JSON.stringify([body, answer.body]))
      }
      const attempts = await hilo.request('GET', `${path}/${id}/attempts?seq=1e30`)
      assert.deepEqual([attempts.status, attempts.body.field], [400, 'seq'])
      const far = await hilo.request('POST', `${path}/${id}/redeliver`, { body: { from: '2026-11-23T00:00:00+23:59' } })
      assert.equal(far.status, 200)
    })

    test('only a key with admin has a say', async (t) => {
      const hilo = await startHilo(t, database)
      const key = await hilo.createKey(['messages:write', 'history:read', 'contacts:write'])
      assert.equal((await hilo.request('POST', path, { body: { url }, key })).status, 403)
      assert.equal((await hilo.request('GET', path, { key })).status, 403)
    })
  })
}
