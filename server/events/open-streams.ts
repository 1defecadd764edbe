import type { Database } from '../database/schema.ts'
import type { EventStream } from './event-stream.ts'
import { type EarlierCaller, findGoodCallers } from './find-good-callers.ts'

/** Times that tests shorten; milliseconds. */
export interface StreamTimes {
  /** How soon a stream ends whose key was revoked or has expired. */
  checkMs: number
  /** How long a reader may take nothing at all, though there is something for it. */
  mostBlockedMs: number
}

export const usualStreamTimes: StreamTimes = { checkMs: 5000, mostBlockedMs: 60_000 }

/** Keep-alives come with every third check: proxies close what is silent, some after 30 seconds. */
const checksPerKeepAlive = 3

/** All streams of this process. */
export interface OpenStreams {
  /** One that comes while the server stops is ended at once. */
  add(stream: EventStream, owner: EarlierCaller): void
  remove(stream: EventStream): void
  /** One round: keep-alives, and an end to those whose key is not good any more. */
  check(): Promise<void>
  /** Tells every reader that the server stops. */
  close(): void
}

/** Looks after the streams that are open: whoever is let in once does not stay for ever. */
export function createOpenStreams(db: Database, { checkMs }: Pick<StreamTimes, 'checkMs'>): OpenStreams {
  const streams = new Map<EventStream, EarlierCaller>()
  let checks = 0
  let isClosed = false

  const check = async () => {
    checks += 1
    if (streams.size === 0) return
    if (checks % checksPerKeepAlive === 0) for (const stream of streams.keys()) stream.keepAlive()
    const asked = [...streams]
    const good = await findGoodCallers(db, asked.map(([, owner]) => owner))
    for (const [stream, owner] of asked) if (!good.has(owner)) stream.end('UNAUTHORIZED')
  }
  const timer = setInterval(() => void check().catch(() => {}), checkMs) // a database that is away says nothing of keys
  timer.unref()
  return {
    add(stream, owner) {
      if (isClosed) stream.end('SERVER_STOPPING')
      else streams.set(stream, owner)
    },
    remove: (stream) => void streams.delete(stream),
    check,
    close() {
      isClosed = true
      clearInterval(timer)
      for (const stream of streams.keys()) stream.end('SERVER_STOPPING')
    },
  }
}
