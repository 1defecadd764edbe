import type { ServerResponse } from 'node:http'
import type { QueryAnswer } from '@hilo/contract'
import { doneFrame, writeJsonFrame } from '../agents/answer-frames.ts'
import { eventStreamHeaders } from '../http/event-stream-headers.ts'
import type { ToolCall } from '../models/model-call.ts'

/** Proxies close what is silent; most after a minute. */
const keepAliveMs = 15_000

/**
 * An answer as Server-Sent Events, in the framing of the API: `answer` pieces, `tool_call`, `endpoint_response` with
 * everything, `[DONE]`. Clients of the reference percent-decode what they read, others do not: only what would read
 * differently for the one or the other is encoded.
 */
export class AnswerStream {
  readonly #response: ServerResponse
  readonly #keepAlive: NodeJS.Timeout
  /** What the client was told of the answer. */
  #said = ''

  /** Sends the headers. */
  constructor(response: ServerResponse, headers: Record<string, string>) {
    this.#response = response
    response.writeHead(200, { ...headers, ...eventStreamHeaders })
    response.flushHeaders()
    this.#keepAlive = setInterval(() => response.write(': still here\n\n'), keepAliveMs)
    response.once('close', () => clearInterval(this.#keepAlive))
    response.on('error', () => {}) // a piece that comes too late; whoever reads no more is heard of by 'close'
  }

  say(piece: string): void {
    if (piece === '') return
    this.#said += piece
    this.#response.write(`event: answer\ndata: ${piece.replace(/[%\r\n]/g, encodeURIComponent)}\n\n`)
  }

  callTool({ name, arguments: input }: ToolCall): void {
    this.#response.write(writeJsonFrame('tool_call', { type: 'function', name, arguments: input }))
  }

  /** Extension: what was said so far is to be forgotten, another answer comes. */
  restart(): void {
    if (this.#said === '') return
    this.#said = ''
    this.#response.write(writeJsonFrame('restart', {}))
  }

  /** The whole answer; of which whoever joined late hears all, others the rest. */
  end(whole: QueryAnswer): void {
    clearInterval(this.#keepAlive) // not with 'close': that comes when the client has read all, which may take long
    const { answer = '' } = whole
    if (!answer.startsWith(this.#said)) this.restart()
    this.say(answer.slice(this.#said.length))
    this.#response.end(writeJsonFrame('endpoint_response', whole) + doneFrame)
  }

  fail(message: string): void {
    clearInterval(this.#keepAlive)
    this.#response.end(`data: [ERROR]${message.replace(/[\r\n]+/g, ' ')}\n\n`)
  }
}
