import { once } from 'node:events'
import { get, type IncomingMessage, type ServerResponse } from 'node:http'
import { recordMessages } from './record-messages.ts'
import type { Hilo } from './start-hilo.ts'

/** Opens a stream of events as it comes over the wire; nothing is read before `readToEnd`. */
export async function openRaw({ url, key }: Pick<Hilo, 'url' | 'key'>, query: string): Promise<IncomingMessage> {
  const asked = get(`${url}/api/events/stream${query}`, { headers: { authorization: `Bearer ${key}` } })
  const [response] = await once(asked, 'response') as [IncomingMessage]
  return response
}

/** What the server answers the next request with. */
export async function takeResponse({ app }: Hilo): Promise<ServerResponse> {
  const [, response] = await once(app.server, 'request') as [IncomingMessage, ServerResponse]
  return response
}

/** What a stream brings until the server ends it: numbers of events, and why it ended. */
export async function readToEnd(stream: IncomingMessage): Promise<{ seqs: number[], code: string, after: number }> {
  const text = Buffer.concat(await Array.fromAsync(stream as AsyncIterable<Buffer>)).toString()
  const [, data] = /\n\nevent: end\ndata: (.+)\n\n$/.exec(text) ?? []
  const seqs = [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))
  return { seqs, ...JSON.parse(data ?? '{}') as { code: string, after: number } }
}

/**
 * Records more than fits between a server and a reader that reads nothing, but fewer events than it may be behind.
 * @returns the number of the newest event.
 */
export async function recordMuch(hilo: Hilo): Promise<number> {
  const text = 'x'.repeat(16_000)
  const messages = Array.from({ length: 1000 }, (_, index) => ({ query: `${text} ${index}`, conversationId: 'one' }))
  await recordMessages(hilo, messages)
  return 1001
}
