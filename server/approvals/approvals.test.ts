import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { HiloError } from '../errors.ts'
import { assertRefused } from '../test/query-agent.ts'
import { recordMessages } from '../test/record-messages.ts'
import { databases, type Hilo, skipWithout, startAnother, startHilo } from '../test/start-hilo.ts'
import { startServer } from '../test/start-server.ts'
import { until } from '../test/webhooks.ts'
import type { RunTool } from './decide-approval.ts'

type Test = Parameters<typeof startHilo>

/** The conversations crm-1 and crm-2, and what `runTool` was called with. */
async function start(t: Test[0], database: Test[1], run: RunTool = async () => 'done') {
  const calls: object[] = []
  const runTool: RunTool = (approval) => {
    const { tool, payload, status } = approval
    calls.push({ tool, payload, status })
    return run(approval)
  }
  const hilo = await startHilo(t, database, { runTool })
  const [one, two] = await recordMessages(hilo, [
    { query: 'a', conversationId: 'crm-1' }, { query: 'b', conversationId: 'crm-2' },
  ])
  return { hilo, calls, one: one!.conversationId, two: two!.conversationId }
}

async function ask(hilo: Hilo, conversationId: string, ids: readonly string[]): Promise<void> {
  await hilo.asOwner((tx) => tx.insertInto('approvals').values(ids.map((id, index) => ({
    organization_id: hilo.organizationId, id, conversation_id: conversationId, turn_id: 't1', agent_id: hilo.agentId,
    tool: 'refund', payload: JSON.stringify({ order: id }), created_at: `2026-03-02T14:05:0${index}.000Z`,
  }))).execute())
}

const decide = (hilo: Hilo, path: string, body?: object) => hilo.request('POST', `/api/approvals/${path}`, { body })

async function list(hilo: Hilo, query = ''): Promise<string[]> {
  const { status, body } = await hilo.request('GET', `/api/approvals${query}`)
  assert.equal(status, 200, JSON.stringify(body))
  return body.items.map(({ id }: { id: string }) => id)
}

for (const database of databases) {
  describe(`approvals on ${database}`, skipWithout(database), () => {
    test('an approved call runs once, and its result is kept; a rejected one never runs', async (t) => {
      const { hilo, calls, one } = await start(t, database, async ({ id }) => `refunded ${id}\0\ud800`)
      await ask(hilo, one, ['a1', 'a2'])
      const { status, body } = await decide(hilo, 'a1/approve', { reason: 'fine' })
      const { decidedBy, decidedAt, ...approved } = body
      assert.equal(status, 200)
      assert.deepEqual(approved, {
        id: 'a1', conversationId: one, turnId: 't1', agentId: hilo.agentId, tool: 'refund', payload: { order: 'a1' },
        status: 'approved', reason: 'fine', result: 'refunded a1\ufffd', createdAt: '2026-03-02T14:05:00.000Z',
      })
      const { body: { items: [key] } } = await hilo.request('GET', '/api/api-keys')
      assert.ok(decidedBy === key.id && decidedAt > approved.createdAt)
      const rejected = (await decide(hilo, 'a2/reject')).body
      assert.deepEqual([rejected.status, rejected.result, rejected.reason], ['rejected', null, null])
      assert.deepEqual(calls, [{ tool: 'refund', payload: { order: 'a1' }, status: 'running' }])
      assert.deepEqual((await hilo.request('GET', '/api/approvals')).body.items, [rejected, body])
    })

    test('what is decided stays so: 409', async (t) => {
      const { hilo, calls, one } = await start(t, database)
      await ask(hilo, one, ['a1', 'a2'])
      await decide(hilo, 'a1/approve')
      await decide(hilo, 'a2/reject', { reason: null })
      for (const [path, says] of [['a1', /approved/], ['a2', /rejected/]] as const) {
        for (const verb of ['approve', 'reject']) {
          const { status, body } = await decide(hilo, `${path}/${verb}`, {})
          assert.deepEqual([status, body.code], [409, 'APPROVAL_DECIDED'])
          assert.match(body.error, says)
        }
      }
      assert.equal(calls.length, 1)
    })

    test('of those who decide at the same time one does, and the tool runs at most once', async (t) => {
      const { hilo, calls, one } = await start(t, database)
      const ids = Array.from({ length: 5 }, (_, index) => `a${index}`)
      await ask(hilo, one, ids)
      const answers = await Promise.all(ids.flatMap((id) => [
        decide(hilo, `${id}/approve`), decide(hilo, `${id}/approve`), decide(hilo, `${id}/reject`),
      ]))
      const statuses = [...ids.map(() => 200), ...ids.flatMap(() => [409, 409])]
      assert.deepEqual(answers.map(({ status }) => status).sort(), statuses)
      const { body: { items } } = await hilo.request('GET', '/api/approvals?status=approved')
      assert.equal(items.length, calls.length)
      assert.equal(new Set(calls.map((call) => JSON.stringify(call))).size, calls.length)
    })

    test('while the tool runs, nobody decides again', async (t) => {
      const { promise, resolve } = Promise.withResolvers<string>()
      const begun = Promise.withResolvers<void>()
      const { hilo, one } = await start(t, database, () => {
        begun.resolve()
        return promise
      })
      await ask(hilo, one, ['a1'])
      const approving = decide(hilo, 'a1/approve')
      await begun.promise
      assert.deepEqual(await list(hilo, '?status=running'), ['a1'])
      for (const verb of ['approve', 'reject']) {
        const { status, body } = await decide(hilo, `a1/${verb}`)
        assert.deepEqual([status, body.code], [409, 'APPROVAL_DECIDED'])
        assert.equal(body.error, 'It is approved, and the tool is being called.')
      }
      resolve('late')
      assert.equal((await approving).body.result, 'late')
    })

    test('a tool that could not be called at all leaves the approval pending', async (t) => {
      let isThere = false
      const { hilo, one } = await start(t, database, async () => {
        if (!isThere) throw new HiloError('NOT_FOUND', 'The agent has no tool "refund" any more.')
        return 'done'
      })
      await ask(hilo, one, ['a1'])
      const before = (await hilo.request('GET', '/api/approvals')).body
      const failed = await decide(hilo, 'a1/approve', { reason: 'x' })
      assert.deepEqual([failed.status, failed.body.error], [404, 'The agent has no tool "refund" any more.'])
      assert.deepEqual((await hilo.request('GET', '/api/approvals')).body, before)
      isThere = true
      assert.equal((await decide(hilo, 'a1/approve')).body.status, 'approved')
    })

    test('a call that broke off in Hilo is not made again, as nobody knows what it did', async (t) => {
      const { hilo, one } = await start(t, database, () => Promise.reject(new Error('a fault of ours')))
      await ask(hilo, one, ['a1'])
      const { status, body } = await decide(hilo, 'a1/approve')
      assert.deepEqual([status, body.code], [500, 'INTERNAL'])
      const { body: { items: [approval] } } = await hilo.request('GET', '/api/approvals')
      assert.equal(approval.status, 'failed')
      assert.match(approval.result, /not known/)
      assert.equal((await decide(hilo, 'a1/approve')).status, 409)
    })

    test('a call whose process is gone ends as failed, is not made again, and its result counts if it comes yet', async (t) => {
      const { promise, resolve } = Promise.withResolvers<string>()
      const begun = Promise.withResolvers<void>()
      const { hilo, calls, one } = await start(t, database, () => {
        begun.resolve()
        return promise
      })
      await ask(hilo, one, ['a1', 'a2'])
      const approving = decide(hilo, 'a1/approve')
      await begun.promise
      const read = async () => (await hilo.request('GET', '/api/approvals')).body.items[1]
      assert.equal((await read()).status, 'running')
      await hilo.asOwner((tx) => tx.updateTable('approvals').set({ decided_at: new Date(Date.now() - 6 * 60_000) })
        .where('organization_id', '=', hilo.organizationId).where('status', '=', 'running').execute())
      await startAnother(t, hilo)
      const failed = await until(read, ({ status }) => status !== 'running')
      assert.equal(failed.status, 'failed')
      assert.match(failed.result, /the tool may have done its work\. Look there before it is called again\.$/)
      assert.deepEqual(await list(hilo, '?status=failed'), ['a1'])
      for (const verb of ['approve', 'reject']) {
        assertRefused(await decide(hilo, `a1/${verb}`), {
          status: 409, code: 'APPROVAL_DECIDED', says: /it is failed\. The tool may have done its work: look there\./,
        })
      }
      assert.deepEqual([calls.length, await list(hilo, '?status=pending')], [1, ['a2']])
      resolve('refunded after all')
      const { status, result } = (await approving).body
      assert.deepEqual([status, result], ['approved', 'refunded after all'])
    })

    test('the tool of the agent is called as it is set by then, with its secrets; a tool that is gone is not', async (t) => {
      const requests: object[] = []
      const shop = await startServer(t, (request, response) => {
        const { method, url, headers: { authorization } } = request
        let body = ''
        request.on('data', (piece) => body += piece).on('end', () => {
          requests.push({ method, url, authorization, body })
          response.writeHead(200, { 'content-type': 'application/json' }).end('{"refunded":true}')
        })
      })
      const hilo = await startHilo(t, database, { allowPrivateTargets: true })
      const [one] = await recordMessages(hilo, [{ query: 'a' }])
      await ask(hilo, one!.conversationId, ['a1', 'a2'])
      const setTools = (tools: object[]) => hilo.request('PATCH', `/api/agents/${hilo.agentId}`, { body: { tools } })
      const refund = {
        name: 'refund', description: 'Refunds.', url: `${shop.url}/orders/{order}`, requiresApproval: true,
        parameters: { type: 'object', properties: { order: { type: 'string' } } },
        headers: { Authorization: 'Bearer a-secret-of-the-shop' },
      }
      assert.equal((await setTools([refund])).status, 200)
      assert.equal((await decide(hilo, 'a1/approve')).body.result, '{"refunded":true}')
      assert.deepEqual(requests, [
        { method: 'POST', url: '/orders/a1', authorization: 'Bearer a-secret-of-the-shop', body: '{}' },
      ])
      await setTools([])
      const gone = await decide(hilo, 'a2/approve')
      assert.deepEqual([gone.status, gone.body.code], [404, 'NOT_FOUND'])
      assert.match(gone.body.error, /no tool "refund" any more/)
      assert.match(gone.body.hint, /^Reject the approval, or give the agent the tool back/)
      assert.deepEqual(await list(hilo, '?status=pending'), ['a2'])
      assert.equal(requests.length, 1)
    })

    test('a tool whose header cannot be read is not called: the answer says what to do, and the approval waits', async (t) => {
      const hilo = await startHilo(t, database)
      const [one] = await recordMessages(hilo, [{ query: 'a' }])
      await ask(hilo, one!.conversationId, ['a1'])
      const tools = [{ name: 'refund', description: 'Refunds.', url: 'https://shop.example.com', headers: { 'X-Key': 'a key' } }]
      assert.equal((await hilo.request('PATCH', `/api/agents/${hilo.agentId}`, { body: { tools } })).status, 200)
      const other = await startAnother(t, hilo, { secret: 'not the one that the header was stored with' })
      const { status, body } = await decide(other, 'a1/approve')
      assert.deepEqual([status, body.code], [422, 'MODEL_NOT_CONFIGURED'])
      assert.match(body.error, /^tools\.refund\.headers\.x-key .* present HILO_SECRET: start Hilo with .*, or send it again/)
      assert.match(body.hint, /still pending: approve it again/)
      assert.deepEqual(await list(hilo, '?status=pending'), ['a1'])
    })

    test('the list is read page by page, by status and by conversation', async (t) => {
      const { hilo, one, two } = await start(t, database)
      await ask(hilo, one, ['a1', 'a2', 'a3'])
      await ask(hilo, two, ['b1', 'b2', 'b3'])
      await decide(hilo, 'a2/reject')
      const ids: string[] = []
      let cursor = ''
      do {
        const { body } = await hilo.request('GET', `/api/approvals?limit=2&cursor=${cursor}`)
        ids.push(...body.items.map(({ id }: { id: string }) => id))
        cursor = body.nextCursor
      } while (cursor)
      assert.deepEqual(ids, ['b3', 'a3', 'b2', 'a2', 'b1', 'a1'])
      assert.deepEqual(await list(hilo, '?conversationId=crm-1&status=pending'), ['a3', 'a1'])
      assert.deepEqual(await list(hilo, `?conversationId=${two}`), ['b3', 'b2', 'b1'])
      assert.deepEqual(await list(hilo, '?status=running'), [])
      for (const [query, field] of [['cursor=broken', 'cursor'], ['status=done', 'status']]) {
        const { status, body } = await hilo.request('GET', `/api/approvals?${query}`)
        assert.deepEqual([status, body.field], [400, field])
      }
      const unknown = await hilo.request('GET', '/api/approvals?conversationId=x')
      assert.deepEqual([unknown.status, unknown.body.field], [404, 'conversationId'])
    })

    test('another organization finds nothing, and keys need their scope', async (t) => {
      const { hilo, calls, one } = await start(t, database)
      await ask(hilo, one, ['a1'])
      const neighbour = await hilo.createNeighbour()
      const [reader, writer] = [await hilo.createKey(['history:read']), await hilo.createKey(['messages:write'])]
      assert.deepEqual(await list(neighbour), [])
      assert.equal((await neighbour.request('GET', `/api/approvals?conversationId=${one}`)).status, 404)
      assert.equal((await hilo.request('GET', '/api/approvals', { key: writer })).status, 403)
      for (const verb of ['approve', 'reject']) {
        assert.equal((await decide(neighbour, `a1/${verb}`)).status, 404)
        assert.equal((await decide(hilo, `nothing/${verb}`)).status, 404)
        assert.equal((await hilo.request('POST', `/api/approvals/a1/${verb}`, { key: reader })).status, 403)
        const wrong = await decide(hilo, `a1/${verb}`, { reason: 5 })
        assert.deepEqual([wrong.status, wrong.body.field], [400, 'reason'])
      }
      assert.deepEqual([await list(hilo, '?status=pending'), calls], [['a1'], []])
    })
  })
}
