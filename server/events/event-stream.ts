import type { ServerResponse } from 'node:http'
import type { Follower } from './event-feed.ts'
import type { EventFilter } from './read-events.ts'
import type { Taken } from './take-handful.ts'

/** Events that a reader may be behind while it takes nothing. It costs no more than its place, but must have an end. */
const mostBehind = 2000

/** How long the last words may take to reach the reader; less where the whole server waits for it. */
const lingerMs = 30_000
const stoppingMs = 2000

/** Why a stream ends; its last event says so. In every case the reader may come back at once. */
export const endings = {
  TOO_SLOW: 'You read more slowly than events come. Open the stream again with Last-Event-ID to go on where you are.',
  SERVER_STOPPING: 'This server stops. Open the stream again with Last-Event-ID to go on where you are.',
  UNAUTHORIZED: 'The API key or token of this stream has expired or was revoked.',
  EVENTS_REMOVED: 'The next events are not kept any more. GET /api/events says where to go on.',
  UNAVAILABLE: 'The database is away. Open the stream again with Last-Event-ID to go on where you are.',
} as const
export type Ending = keyof typeof endings

export interface StreamOptions {
  response: ServerResponse
  follower: Follower
  after: number
  filter: EventFilter
  /** How long the reader may take nothing at all, though there is something for it. */
  mostBlockedMs: number
  /** The next events from the database, for a reader who is far behind; or why the stream has to end. */
  readPage(after: number): Promise<Taken | Ending>
  onClose(): void
}

/**
 * Sends events as they come, in order, each once. The next are handed over when the last have left this process: a
 * reader that takes nothing costs no more than those. Beside them only its place in the log is kept. It goes on from
 * there when it reads again, or is told that it was too slow.
 */
export class EventStream {
  readonly #options: StreamOptions
  #after: number
  #isEnded = false
  #isReading = false
  #blockedSinceMs: number | undefined

  constructor(options: StreamOptions) {
    this.#options = options
    this.#after = options.after
    options.response.once('close', () => this.#close())
  }

  /** There is more in the feed. */
  onNews(): void {
    const isBehind = this.#options.follower.lastSeq - this.#after > mostBehind
    if (this.#blockedSinceMs !== undefined && isBehind) this.end('TOO_SLOW')
    else this.#pump()
  }

  /** Shows the reader, and whatever stands between, that this stream is alive. */
  keepAlive(): void {
    if (this.#blockedSinceMs === undefined) this.#options.response.write(': still here\n\n')
    else if (performance.now() - this.#blockedSinceMs > this.#options.mostBlockedMs) this.end('TOO_SLOW')
  }

  end(code: Ending): void {
    if (this.#isEnded) return
    const { response } = this.#options
    const data = JSON.stringify({ code, message: endings[code], after: this.#after })
    response.end(`event: end\ndata: ${data}\n\n`)
    const timer = setTimeout(() => response.destroy(), code === 'SERVER_STOPPING' ? stoppingMs : lingerMs)
    response.once('close', () => clearTimeout(timer))
    this.#close()
  }

  #close(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#options.follower.stop()
    this.#options.onClose()
  }

  /** Hands over what is next, unless the connection has not taken the last yet. */
  #pump(): void {
    const { follower, filter } = this.#options
    while (!this.#isEnded && !this.#isReading && this.#blockedSinceMs === undefined) {
      const taken = follower.take(this.#after, filter)
      if (!taken) return void this.#readOn()
      if (taken.nextAfter === this.#after) return
      this.#give(taken)
    }
  }

  async #readOn(): Promise<void> {
    this.#isReading = true
    const page = await this.#options.readPage(this.#after)
    this.#isReading = false
    if (typeof page === 'string') return this.end(page)
    this.#give(page)
    this.#pump()
  }

  #give({ chunks, nextAfter }: Taken): void {
    this.#after = nextAfter
    if (chunks.length === 0 || this.#isEnded) return
    this.#blockedSinceMs = performance.now()
    this.#options.response.write(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks), this.#onWritten)
  }

  readonly #onWritten = (problem: unknown): void => {
    if (problem) return // the connection closes
    this.#blockedSinceMs = undefined
    this.#pump()
  }
}
