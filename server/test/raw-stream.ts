import { once } from 'node:events'
import { get, type IncomingMessage, type ServerResponse } from 'node:http'
import { recordMessages } from './record-messages.ts'
import type { Hilo } from './start-hilo.ts'

/** A reader of the stream of events that reads nothing before the server ends it. */
export interface SlowReader {
  /** The most bytes so far that waited for it in the server's process. */
  mostWaiting(): number
  hasEnded(): boolean
  /** What it then reads, at once: the server's last words wait for half a minute only. */
  ending: Promise<StreamText>
}

export async function openSlowReader(hilo: Hilo, query: string): Promise<SlowReader> {
  const opened = openRaw(hilo, query)
  const [, response] = await once(hilo.app.server, 'request') as [IncomingMessage, ServerResponse]
  const mostWaiting = watchWaiting(response)
  const ended = whenEnded(response)
  const slow = await opened
  const ending = ended.then(() => readToEnd(slow))
  ending.catch(() => {}) // whoever awaits it is told
  return { mostWaiting, hasEnded: () => response.writableEnded, ending }
}

/** Opens a stream of events as it comes over the wire; nothing is read before `readToEnd`. */
export async function openRaw({ url, key }: Pick<Hilo, 'url' | 'key'>, query: string): Promise<IncomingMessage> {
  const asked = get(`${url}/api/events/stream${query}`, { headers: { authorization: `Bearer ${key}` } })
  const [response] = await once(asked, 'response') as [IncomingMessage]
  return response
}

function watchWaiting(response: ServerResponse): () => number {
  let most = 0
  const write = response.write.bind(response) as (...args: unknown[]) => boolean
  response.write = (...args: unknown[]) => {
    const isTaken = write(...args)
    most = Math.max(most, response.writableLength)
    return isTaken
  }
  return () => most
}

/** When the server has said its last words, whether they have arrived or not. */
function whenEnded(response: ServerResponse): Promise<void> {
  const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse
  return new Promise((resolve) => {
    response.end = (...args: unknown[]) => {
      resolve()
      return end(...args)
    }
  })
}

/** A stream of events, as it came over the wire. */
interface StreamText {
  seqs: number[]
  /** Why it ended. */
  code: string
  /** Where the reader may go on. */
  after: number
}

export async function readToEnd(stream: IncomingMessage): Promise<StreamText> {
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
