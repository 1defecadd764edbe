/** One call waiting for its results. */
interface Waiting<Item, Result> {
  items: readonly Item[]
  resolve: (results: Result[]) => void
  reject: (error: unknown) => void
}

export interface GroupCommit<Item, Result> {
  /** Hands items over; resolves with their results, in order, once their batch is through. */
  submit(items: readonly Item[]): Promise<Result[]>
  /** Waits until nothing is in flight. */
  close(): Promise<void>
}

/**
 * Gathers concurrent calls into batches: while one batch runs, the calls that arrive wait and form the next. No timer:
 * a call that finds nothing running goes at once, alone. A call is never torn apart: its items run in one batch.
 * @param run does the work for a batch; a result for each item, in order. If it rejects, so do all calls of the batch.
 * @param limits `items`: a batch takes further calls until it holds this many; `inFlight`: batches at a time.
 */
export function createGroupCommit<Item, Result>(
  run: (items: Item[]) => Promise<Result[]>,
  limits: { items: number, inFlight: number },
): GroupCommit<Item, Result> {
  const queue: Waiting<Item, Result>[] = []
  let inFlight = 0
  let closed: (() => void) | undefined

  function takeBatch(): Waiting<Item, Result>[] {
    const batch: Waiting<Item, Result>[] = []
    let size = 0
    while (queue.length > 0 && (size === 0 || size + queue[0]!.items.length <= limits.items)) {
      const next = queue.shift()!
      batch.push(next)
      size += next.items.length
    }
    return batch
  }

  async function runBatch(batch: Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await run(batch.flatMap((waiting) => waiting.items))
      let start = 0
      for (const waiting of batch) {
        waiting.resolve(results.slice(start, start + waiting.items.length))
        start += waiting.items.length
      }
    } catch (error) {
      for (const waiting of batch) waiting.reject(error)
    }
  }

  function pump(): void {
    while (queue.length > 0 && inFlight < limits.inFlight) {
      inFlight += 1
      void runBatch(takeBatch()).then(() => {
        inFlight -= 1
        pump()
      })
    }
    if (inFlight === 0) closed?.()
  }

  return {
    submit: (items) => new Promise((resolve, reject) => {
      queue.push({ items, resolve, reject })
      pump()
    }),
    close: () => new Promise((resolve) => {
      closed = resolve
      pump()
    }),
  }
}
