import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ask, setModel } from '../test/answers.ts'
import { record } from '../test/query-agent.ts'
import { readMessages } from '../test/rows.ts'
import { openPieces, startScriptedModel } from '../test/scripted-model.ts'
import { databases, skipWithout, startHiloWith } from '../test/start-hilo.ts'
import { startServer } from '../test/start-server.ts'
import { until } from '../test/webhooks.ts'

const cuid = /^c[0-9a-z]{24}$/
const settings = { allowPrivateTargets: true }

for (const database of databases) {
  describe(`query on ${database}`, skipWithout(database), () => {
    test('the AI answers, and both messages are in the conversation', async (t) => {
      const hilo = await startHiloWith(database, settings)
      const model = await startScriptedModel(t, () => ({
        text: '¡Hola! ¿En qué te ayudo? 😀', usage: { prompt_tokens: 20, completion_tokens: 8 },
      }))
      await setModel(hilo, model.baseUrl)
      const body = await ask(hilo, { query: 'Buenas', visitorId: 'v1', channel: 'website' })
      const { messageId, conversationId, metadata, ...rest } = body
      assert.deepEqual(rest, {
        answer: '¡Hola! ¿En qué te ayudo? 😀',
        usage: { promptTokens: 20, completionTokens: 8, totalTokens: 28, cost: 0 },
        sources: [], approvals: [], visitorId: 'v1', request_human: false, status: 'UNRESOLVED',
      })
      assert.match(messageId, cuid)
      assert.match(metadata.turnId, cuid)
      const rows = await readMessages(hilo)
      assert.deepEqual(rows.map((row) => [row.author_kind, row.text, row.conversation_id]), [
        ['contact', 'Buenas', conversationId], ['ai', '¡Hola! ¿En qué te ayudo? 😀', conversationId],
      ])
      assert.equal(rows[1]!.id, messageId)
      const again = await ask(hilo, { query: 'Gracias', conversationId })
      assert.equal(again.conversationId, conversationId)
    })

    test('what was recorded by query-agent, of another agent and backdated, is in the prompt at its place', async (t) => {
      const hilo = await startHiloWith(database, settings)
      const model = await startScriptedModel(t, () => ({ text: 'Sí.' }))
      await setModel(hilo, model.baseUrl, { systemPrompt: 'You sell tools.' })
      const { conversationId } = await ask(hilo, { query: 'One?' })
      const { body: other } = await hilo.request('POST', '/api/agents', { body: { name: 'Other' } })
      await record(hilo, { query: 'draft', conversationId, isDraft: true })
      await record(hilo, { query: 'note', conversationId, metadata: { private: true } })
      await record(hilo, {
        query: 'Hours before', conversationId, occurredAt: new Date(Date.now() - 3_600_000).toISOString(),
        author: { kind: 'system', name: 'Shop' },
      }, { agentId: other.id })
      await ask(hilo, { query: 'Two?', conversationId, context: 'It is Monday.' })
      const { messages } = model.requests[1]!
      assert.match(String(messages[0]!.content), /^You sell tools\.\n\nIt is Monday\./)
      assert.deepEqual(messages.slice(1).map(({ role, content }) => [role, content]), [
        ['user', '(The conversation begins with us.)'],
        ['assistant', '[System "Shop"] Hours before'],
        ['user', 'One?'],
        ['assistant', 'Sí.'],
        ['user', 'Two?'],
      ])
    })

    test('questions by a clock that is ahead stand before their answers', async (t) => {
      const hilo = await startHiloWith(database, settings)
      const model = await startScriptedModel(t, (_, index) => ({ text: `Answer ${index + 1}.` }))
      await setModel(hilo, model.baseUrl)
      const askAhead = (text: string) => ask(hilo, { query: text, conversationId: 'one', occurredAt: Date.now() + 120_000 })
      for (const text of ['One?', 'Two?', 'Three?']) await askAhead(text)
      assert.deepEqual(model.requests[2]!.messages.slice(1).map(({ content }) => content), [
        'One?', 'Answer 1.', 'Two?', 'Answer 2.', 'Three?',
      ])
    })

    test('of messages that are answered together ten files are read in all, those of the newest first', async (t) => {
      const hilo = await startHiloWith(database, settings)
      const slow = openPieces()
      const model = await startScriptedModel(t, (_, index) => (index === 0 ? slow : { text: 'Thanks.' }))
      await setModel(hilo, model.baseUrl)
      const { url } = await startServer(t, (_request, response) => response.end('here'))
      const send = (name: string) => ask(hilo, {
        query: name, conversationId: 'c', attachments: Array.from({ length: 6 }, (_, index) => ({ url: `${url}/${name}${index}.txt` })),
      })
      const first = send('old')
      await model.waitFor(1)
      const second = send('new')
      await until(() => readMessages(hilo), ({ length }) => length === 2)
      slow.end()
      assert.deepEqual([(await first).answer, (await second).answer], ['Thanks.', 'Thanks.'])
      const texts = model.requests[1]!.messages.slice(1).map(({ content }) => String(content))
      assert.deepEqual(texts.map((text) => [text.match(/\nhere\n/g)?.length, text.match(/not read/g)?.length]), [
        [4, 2], [6, undefined],
      ])
    })

    test('a tool that a person has to allow waits; what they decide, the AI knows the next time', async (t) => {
      const hilo = await startHiloWith(database, settings)
      const shop = await startScriptedModel(t, () => ({ body: '{"cancelled":true}' }))
      const model = await startScriptedModel(t, (_, index) => (index === 0
        ? { toolCalls: [{ name: 'cancel_order', arguments: { number: '7' } }] } : { text: `answer ${index}` }))
      const tool = { name: 'cancel_order', description: 'Cancels an order.', url: shop.baseUrl, requiresApproval: true }
      await setModel(hilo, model.baseUrl, { tools: [{ ...tool, parameters: { type: 'object' } }] })
      const { approvals } = await ask(hilo, { query: 'Cancel 7', conversationId: 'c' })
      assert.deepEqual(approvals.map(({ tool, payload }: Record<string, unknown>) => [tool, payload]), [
        ['cancel_order', { number: '7' }],
      ])
      assert.equal(shop.requests.length, 0)
      const { status } = await hilo.request('POST', `/api/approvals/${approvals[0].id}/approve`)
      assert.equal(status, 200)
      assert.deepEqual(shop.requests.map(({ body }) => body), [{ number: '7' }])
      await ask(hilo, { query: 'And?', conversationId: 'c' })
      const instructions = String(model.requests.at(-1)!.messages[0]!.content)
      assert.ok(instructions.includes('- cancel_order {"number":"7"}: approved. It answered: '), instructions)
      assert.ok(instructions.includes('cancelled'), instructions)
    })

    test('about a call that cannot be made no person is asked: the model is told what is wrong with it', async (t) => {
      const hilo = await startHiloWith(database, settings)
      const wrong = [{ number: 7 }, { order: '7' }, { number: '..' }]
      const model = await startScriptedModel(t, (_, index) => (index === 0
        ? { toolCalls: wrong.map((input) => ({ name: 'cancel_order', arguments: input })) } : { text: 'Which order?' }))
      const tool = {
        name: 'cancel_order', description: 'Cancels.', url: 'https://shop.example.com/{number}', requiresApproval: true,
        parameters: { type: 'object', properties: { number: { type: 'string' } }, required: ['number'] },
      }
      await setModel(hilo, model.baseUrl, { tools: [tool] })
      const { answer, approvals } = await ask(hilo, { query: 'Cancel', conversationId: 'c' })
      assert.deepEqual([answer, approvals], ['Which order?', []])
      assert.deepEqual((await hilo.request('GET', '/api/approvals')).body.items, [])
      const told = model.requests[1]!.messages.filter(({ role }) => role === 'tool').map(({ content }) => String(content))
      assert.deepEqual(told.map((text) => /^(The arguments do not fit|The tool was not called)/.exec(text)?.[0]), [
        'The arguments do not fit', 'The arguments do not fit', 'The tool was not called',
      ])
    })

    test('approvals come in the order in which the model asked: in the answer, its repeat, the list and the prompt', async (t) => {
      const hilo = await startHiloWith(database, settings)
      const wanted = ['3', '1', '5', '2', '4']
      const model = await startScriptedModel(t, (_, index) => (index === 0
        ? { toolCalls: wanted.map((number) => ({ name: 'cancel_order', arguments: { number } })) } : { text: 'Checking.' }))
      const tool = { name: 'cancel_order', description: 'Cancels.', url: 'https://shop.example.com', requiresApproval: true }
      await setModel(hilo, model.baseUrl, { tools: [{ ...tool, parameters: { type: 'object' } }] })
      const numbersOf = (approvals: { payload: { number: string } }[]) => approvals.map(({ payload }) => payload.number)
      const question = { query: 'Cancel', conversationId: 'c', externalId: 'e1' }
      assert.deepEqual(numbersOf((await ask(hilo, question)).approvals), wanted)
      assert.deepEqual(numbersOf((await ask(hilo, question)).approvals), wanted)
      const { body: { items } } = await hilo.request('GET', '/api/approvals')
      assert.deepEqual(numbersOf(items), wanted.toReversed(), 'newest first')
      await ask(hilo, { query: 'And?', conversationId: 'c' })
      const instructions = String(model.requests.at(-1)!.messages[0]!.content)
      assert.deepEqual([...instructions.matchAll(/"number":"(\d)"/g)].map(([, number]) => number), wanted)
    })
  })
}
