/** What a reader is handed at once: this much of the server's memory one that does not read can take up. */
export const mostTakenBytes = 64 * 1024

export interface Taken {
  /** Events as the stream sends them. */
  chunks: Buffer[]
  /** Everything up to it has been looked at. */
  nextAfter: number
}

/**
 * The first of these events, as many as a reader is handed at once; at least one.
 * @param nextAfter where to go on behind all of them.
 */
export function takeHandful(events: Iterable<{ seq: number, chunk: Buffer }>, nextAfter: number): Taken {
  const chunks: Buffer[] = []
  let bytes = 0
  for (const { seq, chunk } of events) {
    bytes += chunk.length
    if (bytes > mostTakenBytes && chunks.length > 0) return { chunks, nextAfter: seq - 1 }
    chunks.push(chunk)
  }
  return { chunks, nextAfter }
}
