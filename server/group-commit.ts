/** One call waiting for its results. */
interface Waiting<Item, Result> {
  items: readonly Item[]
  resolve: (results: Result[]) => void
  reject: (error: unknown) => void
}

export interface GroupCommit<Item, Result> {
  /** Items that wait for the batch in flight to end. */
  readonly waiting: number
  /** Hands items over; resolves with their results, in order, once their batch is through. */
  submit(items: readonly Item[]): Promise<Result[]>
  /** Waits until nothing is in flight. */
  close(): Promise<void>
}

/** The rest of this turn of the event loop; asked for again in it, the whole next one, with what the network brings. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/**
 * Waits as long as each turn of the event loop brings further calls. The embedded database works in this very thread:
 * while it does, nothing is read from the network, and Node takes one new connection per turn. Without this, calls that
 * came at the same time would find nothing running one after the other, and go alone.
 */
async function untilQuiet(countWaiting: () => number, enough: number): Promise<void> {
  await turn()
  let known = 0
  for (let count = countWaiting(); known < count && count < enough; count = countWaiting()) {
    known = count
    await turn()
  }
}

/**
 * Gathers concurrent calls into batches: while one batch runs, the calls that arrive wait and form the next. No timer:
 * a call that finds nothing running goes as soon as the event loop brings no other. A call is never torn apart: its
 * items run in one batch.
 * One batch at a time: two would share the waiting calls unevenly, and many small batches cost more than a few large.
 * @param run does the work for a batch; a result for each item, in order. If it rejects, so do all calls of the batch.
 * @param batchSize a batch takes further calls until it holds this many items.
 */
export function createGroupCommit<Item, Result>(
  run: (items: Item[]) => Promise<Result[]>,
  batchSize: number,
): GroupCommit<Item, Result> {
  const queue: Waiting<Item, Result>[] = []
  let waiting = 0
  let running: Promise<void> | undefined

  function takeBatch(): Waiting<Item, Result>[] {
    let size = 0
    const fitting = queue.findIndex(({ items }) => {
      size += items.length
      return size > batchSize
    })
    const batch = queue.splice(0, fitting === -1 ? queue.length : Math.max(fitting, 1))
    for (const { items } of batch) waiting -= items.length
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

  async function runAll(): Promise<void> {
    while (queue.length > 0) {
      await untilQuiet(() => waiting, batchSize)
      await runBatch(takeBatch())
    }
    running = undefined
  }

  return {
    get waiting() {
      return waiting
    },
    submit: (items) => new Promise((resolve, reject) => {
      queue.push({ items, resolve, reject })
      waiting += items.length
      running ??= runAll()
    }),
    close: async () => {
      await running
    },
  }
}
