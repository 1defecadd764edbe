import type pg from 'pg'

/** Before a new attempt; doubled for each failure in a row. */
const pauseMs = { first: 100, most: 5000 }

export interface KeptConnection {
  /** The client while it is connected and set up. */
  readonly client: pg.Client | undefined
  close(): Promise<void>
}

/**
 * Keeps one connection to the database open: one that breaks is replaced, for as long as it takes.
 * @param connect makes a client that is not connected yet.
 * @param setUp is run on each new connection before it is used.
 */
export function keepConnection(
  connect: () => pg.Client, setUp: (client: pg.Client) => Promise<unknown>,
): KeptConnection {
  let client: pg.Client | undefined
  let failures = 0
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  const open = async (): Promise<void> => {
    const opening = connect()
    let isBroken = false
    const replace = () => {
      if (isBroken) return
      isBroken = true
      if (client === opening) client = undefined
      opening.end().catch(() => {})
      if (!isClosed) again()
    }
    opening.on('error', replace).on('end', replace)
    try {
      await opening.connect()
      await setUp(opening)
      if (isBroken) return
      client = opening
      failures = 0
    } catch {
      replace()
    }
  }
  const again = () => {
    timer = setTimeout(() => void (running = open()), Math.min(pauseMs.first * 2 ** failures++, pauseMs.most))
    timer.unref()
  }

  let running = open()
  return {
    get client() {
      return client
    },
    async close() {
      isClosed = true
      clearTimeout(timer)
      await running
      await client?.end().catch(() => {})
    },
  }
}
