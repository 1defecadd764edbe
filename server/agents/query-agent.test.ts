import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { channels } from '@hilo/contract'
import { queryAgent, record, recordAndExplain } from '../test/query-agent.ts'
import { readEvents, readMessages, readRows } from '../test/rows.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'

const cuid = /^c[0-9a-z]{24}$/

/** The one message that the test's organization has. */
async function readOnly(hilo: Hilo) {
  const rows = await readMessages(hilo)
  assert.equal(rows.length, 1)
  return rows[0]!
}

async function createAgent(hilo: Hilo): Promise<string> {
  const { status, body } = await hilo.request('POST', '/api/agents', { body: { name: 'Another' } })
  assert.equal(status, 201, JSON.stringify(body))
  return body.id
}

for (const database of databases) {
  describe(`query-agent on ${database}`, skipWithout(database), () => {
    test('a recorded message is answered with exactly four keys and reads back', async (t) => {
      const hilo = await startHilo(t, database)
      const { status, headers, body } = await queryAgent(hilo, {
        query: 'Hola', visitorId: 'visitor-abc123', channel: 'website',
      })
      assert.equal(status, 200, JSON.stringify(body))
      assert.match(headers.get('content-type')!, /^application\/json/)
      assert.equal(headers.get('idempotent-replay'), null)
      assert.deepEqual(Object.keys(body).sort(), ['conversationId', 'messageId', 'status', 'visitorId'])
      assert.equal(body.visitorId, 'visitor-abc123')
      assert.equal(body.status, 'UNRESOLVED')
      assert.match(body.messageId, cuid)
      assert.match(body.conversationId, cuid)
      const read = await hilo.request('GET', `/api/conversations/${body.conversationId}/messages/${body.messageId}`)
      assert.equal(read.body.text, 'Hola')
      assert.equal(read.body.from, 'agent')
      assert.equal(read.body.seq, 1)
      assert.deepEqual(read.body.author, { kind: 'agent', name: null, id: null })
    })

    test('the text is kept to the byte', async (t) => {
      const hilo = await startHilo(t, database)
      const texts = [
        ' café ñ 😀 %41 100% ', 'line\nline\r\n\ttab', 'מה שלומך مرحبا', '"quoted\\" {{ $json.x }} \u2028\u2029\u007f',
        '\u0001\u001f', 'e\u0301 \u200b\u202e', '0', 'null', 'x'.repeat(64 * 1024), '😀'.repeat(16 * 1024),
      ]
      for (const text of texts) await record(hilo, { query: text, conversationId: 'one' })
      assert.deepEqual((await readMessages(hilo)).map((row) => row.text), texts)
    })

    test('each of the 15 channels is honoured with an API key, and without one it is api', async (t) => {
      const hilo = await startHilo(t, database)
      assert.equal(channels.length, 15)
      for (const channel of [...channels, undefined, null, '']) {
        const { conversationId } = await record(hilo, { query: `on ${channel}`, channel })
        const expected = channel || 'api'
        const row = (await readMessages(hilo)).find((one) => one.conversation_id === conversationId)
        assert.deepEqual([row?.channel, row?.source], [expected, expected])
        const { body } = await hilo.request('GET', `/api/conversations/${conversationId}`)
        assert.equal(body.channel, expected)
      }
    })

    test('null, an empty text and an absent field mean the same', async (t) => {
      const hilo = await startHilo(t, database)
      const ids = ['conversationId', 'visitorId', 'channelExternalId', 'contactId', 'externalId', 'source', 'occurredAt']
      const blank = (value: unknown) => ({
        ...Object.fromEntries(ids.map((name) => [name, value])),
        channel: value,
        author: { name: value, id: value },
        contact: { email: value, phoneNumber: value, userId: value, firstName: value, lastName: value },
      })
      const nulls = {
        isDraft: null, contact: null, metadata: null, author: null, attachments: null, streaming: null,
        ...Object.fromEntries(ids.map((name) => [name, null])),
      }
      for (const said of [{}, blank(null), blank(''), nulls, { author: { kind: null }, attachments: [] }]) {
        const body = await record(hilo, said)
        assert.match(body.conversationId, cuid)
        assert.match(body.visitorId, cuid)
      }
      const rows = (await readMessages(hilo)).map(({
        id: _1, conversation_id: _2, visitor_id: _3, occurred_at, received_at, recorded_at: _4, ...row
      }) => ({ ...row, isNow: occurred_at.getTime() === received_at.getTime() }))
      assert.equal(rows.length, 5)
      for (const row of rows) assert.deepEqual(row, rows[0])
      assert.equal(rows[0]!.isNow, true)
      assert.equal((await readRows(hilo, 'contacts')).length, 0)
      assert.equal((await readRows(hilo, 'conversations')).length, 5)
    })

    test('numbers are accepted for ids, and are the same ids as their digits', async (t) => {
      const hilo = await startHilo(t, database)
      const ids = (write: (id: number) => unknown) => ({
        conversationId: write(123), visitorId: write(5491155550000), channelExternalId: write(42),
        contact: { userId: write(99), phoneNumber: write(5491155550001) }, author: { id: write(7) },
      })
      const first = await record(hilo, { ...ids((id) => id), externalId: 1 })
      const second = await record(hilo, { ...ids(String), externalId: '2' })
      assert.equal(second.conversationId, first.conversationId)
      assert.equal(first.visitorId, '5491155550000')
      const [one, two] = await readMessages(hilo)
      assert.deepEqual([one!.external_id, one!.author_id, one!.visitor_id], ['1', '7', '5491155550000'])
      assert.deepEqual([two!.external_id, two!.author_id, two!.visitor_id], ['2', '7', '5491155550000'])
      const identities = await readRows(hilo, 'contact_identities')
      assert.deepEqual(identities.map(({ kind, value }) => `${kind} ${value}`).sort(), [
        'phone +5491155550001', 'user_id 99',
      ])
    })

    test('unknown keys are ignored, also those that would name another organization or author', async (t) => {
      const hilo = await startHilo(t, database)
      const neighbour = await hilo.createNeighbour()
      await record(hilo, {
        from: 'contact', organizationId: neighbour.organizationId, agentId: neighbour.agentId,
        channelCredentialsId: 'x', status: 'RESOLVED', seq: 99, id: 'mine', prompt: {}, temperature: 'hot', messages: [],
        contact: { userId: 'u1', id: 'x', organizationId: neighbour.organizationId, instagramId: 'i' },
        author: { kind: 'ai', role: 'admin' },
        attachments: [{ url: 'https://example.com/a', id: 1, secret: 'x' }],
      })
      const row = await readOnly(hilo)
      assert.deepEqual([row.agent_id, row.author_kind, row.seq], [hilo.agentId, 'ai', 1])
      assert.deepEqual(row.attachments, [{ url: 'https://example.com/a' }])
      assert.deepEqual(row.metadata, {})
      assert.equal((await readMessages(neighbour)).length, 0)
      assert.equal((await readRows(neighbour, 'contacts')).length, 0)
    })

    test('the author is kept: a human, the AI, the system, or a plain agent', async (t) => {
      const hilo = await startHilo(t, database)
      for (const kind of ['human', 'ai', 'system', 'agent', null, undefined]) {
        await record(hilo, { conversationId: 'one', author: { kind, name: 'Ana Ñ', id: 'op-1' } })
      }
      const rows = await readMessages(hilo)
      assert.deepEqual(rows.map((row) => row.author_kind), ['human', 'ai', 'system', 'agent', 'agent', 'agent'])
      for (const row of rows) assert.deepEqual([row.author_name, row.author_id], ['Ana Ñ', 'op-1'])
    })

    test('metadata is kept as it was sent', async (t) => {
      const hilo = await startHilo(t, database)
      const metadata = {
        flow: 'order', nested: { list: [1, 'two', null, { deep: true }], empty: {} }, 'ключ %': '😀', constructor: 1,
        number: 1.5e-7, big: 9007199254740991, empty: '', no: null,
      }
      await record(hilo, { metadata })
      assert.deepEqual((await readOnly(hilo)).metadata, metadata)
    })

    test('attachments are kept, also those of which only the address is known, and need no text', async (t) => {
      const hilo = await startHilo(t, database)
      const whole = { url: 'https://example.com/a b?x=%20#é', name: 'a.jpg', mimeType: 'image/jpeg', size: 12 }
      const bare = { url: 'http://example.com/b' }
      await record(hilo, { query: '', attachments: [whole, bare, { ...bare, name: null, mimeType: '', size: null }] })
      const row = await readOnly(hilo)
      assert.equal(row.text, '')
      assert.deepEqual(row.attachments, [whole, bare, bare])
    })

    test('the visitor id is echoed as sent, else that of the conversation, else generated', async (t) => {
      const hilo = await startHilo(t, database)
      const first = await record(hilo, { conversationId: 'one', visitorId: 'Ana María #1' })
      assert.equal(first.visitorId, 'Ana María #1')
      assert.equal((await record(hilo, { conversationId: 'one' })).visitorId, 'Ana María #1')
      assert.equal((await record(hilo, { conversationId: 'one', visitorId: 'other' })).visitorId, 'other')
      assert.equal((await record(hilo, { conversationId: 'one' })).visitorId, 'Ana María #1')
      assert.match((await record(hilo, {})).visitorId, cuid)
      const onWhatsApp = { channel: 'whatsapp', visitorId: '+54 9 11 5555-0000' }
      assert.equal((await record(hilo, onWhatsApp)).visitorId, '+54 9 11 5555-0000')
    })

    test('the documented n8n call works, although its ids name two agents', async (t) => {
      const hilo = await startHilo(t, database)
      const named = await createAgent(hilo)
      const wa_id = '5491155550000'
      const said = {
        query: 'Su pedido salió', visitorId: wa_id, streaming: false, channel: 'whatsapp',
        channelExternalId: `${hilo.organizationId}_${named}_${wa_id}`,
      }
      const body = await record(hilo, said)
      assert.equal(body.visitorId, wa_id)
      assert.equal(body.status, 'UNRESOLVED')
      const resolution = await recordAndExplain(hilo, said)
      assert.equal(resolution.conversation.id, body.conversationId)
      assert.equal(resolution.conversation.decidedBy, 'channelExternalId')
      assert.deepEqual(resolution.warnings.map((warning: { code: string }) => warning.code), ['AGENT_DIFFERS'])
      const [conversation] = await readRows(hilo, 'conversations')
      assert.equal(conversation!.agent_id, named)
      for (const row of await readMessages(hilo)) assert.equal(row.agent_id, hilo.agentId)
    })

    test('explain adds the resolution and changes nothing else', async (t) => {
      const hilo = await startHilo(t, database)
      const four = ['conversationId', 'messageId', 'status', 'visitorId']
      for (const query of ['', '?explain=false', '?explain=true']) {
        const body = await record(hilo, { conversationId: query || 'none' }, { query })
        assert.deepEqual(Object.keys(body).sort(), query === '?explain=true' ? [...four, 'resolution'].sort() : four)
      }
      const { conversationId, resolution } = await record(hilo, { conversationId: 'one' }, { query: '?explain=true' })
      assert.deepEqual(resolution, {
        conversation: {
          id: conversationId, created: true, decidedBy: 'conversationId',
          attachedKeys: [{ kind: 'conversation_id', value: 'one' }],
        },
        contact: { created: false, attachedIdentities: [] },
        warnings: [],
      })
    })

    test('a draft is stored and marked, and becomes news only when it is published', async (t) => {
      const hilo = await startHilo(t, database)
      const { conversationId, messageId } = await record(hilo, { isDraft: true, conversationId: 'one' })
      const created = async () => (await readEvents(hilo)).filter(({ type }) => type === 'message.created')
      assert.equal((await readOnly(hilo)).is_draft, true)
      assert.deepEqual(await created(), [])
      const path = `/api/conversations/${conversationId}/messages/${messageId}`
      for (const time of ['first', 'second']) {
        const { status, body } = await hilo.request('PATCH', path, { body: { isDraft: false } })
        assert.equal(status, 200, JSON.stringify(body))
        assert.equal(body.isDraft, false, time)
        assert.deepEqual((await created()).map((event) => event.message_id), [messageId])
      }
      assert.equal((await record(hilo, { conversationId: 'one' })).conversationId, conversationId)
      assert.deepEqual((await readMessages(hilo)).map((row) => [row.seq, row.is_draft]), [[1, false], [2, false]])
    })

    test('recording leaves the status of a conversation alone, and answers it', async (t) => {
      const hilo = await startHilo(t, database)
      const { conversationId } = await record(hilo, { conversationId: 'one' })
      for (const status of ['RESOLVED', 'HUMAN_REQUESTED', 'UNRESOLVED']) {
        const changed = await hilo.request('PATCH', `/api/conversations/${conversationId}`, {
          body: { status, isAiEnabled: false },
        })
        assert.equal(changed.status, 200, JSON.stringify(changed.body))
        assert.equal((await record(hilo, { conversationId: 'one' })).status, status)
        const { body } = await hilo.request('GET', `/api/conversations/${conversationId}`)
        assert.deepEqual([body.status, body.isAiEnabled], [status, false])
      }
    })
  })
}
