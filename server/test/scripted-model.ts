import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

/** A message of the prompt, as OpenAI's chat completions write it. */
export interface ChatMessage {
  role: 'system' | 'user' | 'assistant' | 'tool'
  content: string | { type: string, text?: string, image_url?: { url: string } }[] | null
  tool_calls?: { id: string, function: { name: string, arguments: string } }[]
  tool_call_id?: string
}

/** What the model was asked. */
export interface ChatRequest {
  model: string
  messages: ChatMessage[]
  tools: { type: 'function', function: { name: string, description?: string, parameters: Record<string, unknown> } }[]
  /** The whole body, such as `temperature` and `max_tokens`. */
  body: Record<string, unknown>
  headers: IncomingHttpHeaders
  /** Resolves when the exchange is over: to true where the client went away before it was answered in full. */
  closed: Promise<boolean>
}

/** What the model says: nothing at all is an answer without a word. */
export interface Reply {
  text?: string
  /** Instead of `text`: each is sent on its own; see `openPieces` for pieces that the test lets go by hand. */
  pieces?: Iterable<string> | AsyncIterable<string>
  /** After the text. */
  toolCalls?: { name: string, arguments: unknown }[]
  /** Without it the server says nothing of usage, like some local ones. */
  usage?: { prompt_tokens: number, completion_tokens: number }
  /** 200 when absent. Other than that, `body` is the whole answer. */
  status?: number
  headers?: Record<string, string>
  body?: string
  /** Says nothing after the pieces: not even that it ends. */
  hang?: boolean
  /** Breaks the connection off after the pieces; what the client has not read by then, it may never see. */
  breakOff?: boolean
}

export interface ScriptedModel {
  /** For `openai-compatible` and for `openai` with a base URL. */
  baseUrl: string
  requests: ChatRequest[]
  /** Waits until so many requests came in, counted from the start. */
  waitFor(count: number): Promise<ChatRequest[]>
}

const error = (message: string) => JSON.stringify({ error: { message, type: 'scripted', code: null } })

/**
 * A model of our own behind OpenAI's chat completions, streaming or not: the test says what it answers to each request.
 * What the script throws is answered as 500.
 */
export async function startScriptedModel(
  t: TestContext, answer: (request: ChatRequest, index: number) => Reply | Promise<Reply>,
): Promise<ScriptedModel> {
  const requests: ChatRequest[] = []
  const waiting = new Set<() => void>()
  const take = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readRequest(incoming, response)
    requests.push(request)
    for (const check of waiting) check()
    try {
      await send(response, { request, reply: await answer(request, requests.length - 1) })
    } catch (thrown) {
      if (response.headersSent) response.destroy()
      else response.writeHead(500, { 'content-type': 'application/json' }).end(error(String(thrown)))
    }
  }
  const server = createServer((incoming, response) => void take(incoming, response))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    waitFor: (count) => new Promise((resolve) => {
      const check = () => {
        if (requests.length < count) return
        waiting.delete(check)
        resolve(requests.slice())
      }
      waiting.add(check)
      check()
    }),
  }
}

async function readRequest(incoming: IncomingMessage, response: ServerResponse): Promise<ChatRequest> {
  const closed = new Promise<boolean>((resolve) => response.once('close', () => resolve(!response.writableFinished)))
  const text = Buffer.concat(await Array.fromAsync(incoming as AsyncIterable<Buffer>)).toString()
  const body = JSON.parse(text) as Record<string, unknown>
  const { model, messages, tools = [] } = body as unknown as ChatRequest
  return { model, messages, tools, body, headers: incoming.headers, closed }
}

interface Exchange {
  request: ChatRequest
  reply: Reply
}

async function send(response: ServerResponse, { request, reply }: Exchange): Promise<void> {
  const { status = 200, headers, body } = reply
  if (status !== 200 || body !== undefined) {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body ?? error(`Status ${status}.`))
  } else if (request.body.stream) {
    response.writeHead(200, { 'content-type': 'text/event-stream', ...headers }).flushHeaders()
    await stream(response, { request, reply })
  } else {
    const text = (await Array.fromAsync(reply.pieces ?? [reply.text ?? ''])).join('')
    if (reply.hang) return
    if (reply.breakOff) return void response.destroy()
    response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify({
      ...frame(request), object: 'chat.completion', usage: withTotal(reply.usage),
      choices: [{
        index: 0, finish_reason: finishReason(reply), message: { role: 'assistant', content: text, tool_calls: toolCalls(reply) },
      }],
    }))
  }
}

async function stream(response: ServerResponse, { request, reply }: Exchange): Promise<void> {
  const write = (more: object) => response.write(`data: ${JSON.stringify({ ...frame(request), ...more })}\n\n`)
  const say = (delta: object, finish: string | null = null) => (
    write({ choices: [{ index: 0, delta, finish_reason: finish }] })
  )
  say({ role: 'assistant', content: '' })
  for await (const content of reply.pieces ?? (reply.text ? [reply.text] : [])) say({ content })
  if (reply.hang) return
  if (reply.breakOff) return void response.destroy()
  const calls = toolCalls(reply)
  if (calls) say({ tool_calls: calls })
  say({}, finishReason(reply))
  const isAsked = (request.body.stream_options as { include_usage?: boolean } | undefined)?.include_usage
  if (reply.usage && isAsked) write({ choices: [], usage: withTotal(reply.usage) })
  response.end('data: [DONE]\n\n')
}

function frame({ model }: ChatRequest) {
  return { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_700_000_000, model }
}

function finishReason({ toolCalls: calls }: Reply): string {
  return calls?.length ? 'tool_calls' : 'stop'
}

function toolCalls({ toolCalls: calls }: Reply) {
  return calls?.map(({ name, arguments: input }, index) => ({
    index, id: `call_${name}_${index}`, type: 'function', function: { name, arguments: JSON.stringify(input) },
  }))
}

function withTotal(usage: Reply['usage']) {
  return usage && { ...usage, total_tokens: usage.prompt_tokens + usage.completion_tokens }
}

export interface OpenPieces {
  /** For `Reply.pieces`; may be read once. */
  pieces: AsyncIterable<string>
  say(piece: string): void
  /** The answer is whole; without it the model goes on thinking. */
  end(): void
}

/** Pieces of an answer that the test lets go when it likes. */
export function openPieces(): OpenPieces {
  const { readable, writable } = new TransformStream<string, string>(undefined, { highWaterMark: Infinity })
  const writer = writable.getWriter()
  return { pieces: readable, say: (piece) => void writer.write(piece), end: () => void writer.close() }
}
