import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Growth } from '../database/grown-logs.ts'
import { keepConnection } from './keep-connection.ts'

const channel = 'hilo_events'

/** Between two notices, so that many small commits cost the database no more than a hundred of them per second. */
const pauseMs = 10

/** Organizations in one notice: PostgreSQL takes 8,000 bytes, and an id is at most 256 long. */
const noticeSize = 25

export interface Others {
  /** Tells the other processes, now or with what comes in the next milliseconds. Without a connection it is dropped. */
  tell(growth: Growth): void
  close(): Promise<void>
}

/**
 * Talks to the other processes of this Hilo over the database, with LISTEN and NOTIFY on a connection of its own: a
 * notice within the transaction of the change would make all commits of the database wait for each other.
 * @param connect makes a client that is not connected yet.
 */
export function connectToOthers(connect: () => pg.Client, hear: (growth: Growth) => void): Others {
  let waiting = new Map<string, number>()
  let sending: Promise<void> | undefined

  const connection = keepConnection(connect, async (client) => {
    client.on('notification', ({ processId, payload }) => {
      const { processID: own } = client as pg.Client & { processID?: number }
      if (processId !== own) hear(readNotice(payload))
    })
    await client.query(`listen ${channel}`)
  })

  const send = async (): Promise<void> => {
    for (let { client } = connection; client && waiting.size > 0; { client } = connection) {
      const notices = JSON.stringify(toNotices(waiting))
      waiting = new Map()
      await client.query('select pg_notify($1, value) from json_array_elements_text($2::json)', [channel, notices])
        .catch(() => {}) // they look for themselves within a second
      await sleep(pauseMs)
    }
    sending = undefined
  }

  return {
    tell(growth) {
      if (!connection.client) return
      for (const [organizationId, lastSeq] of growth) waiting.set(organizationId, lastSeq)
      sending ??= send()
    },
    async close() {
      await sending
      await connection.close()
    },
  }
}

function toNotices(growth: Growth): string[] {
  const all = [...growth]
  return Array.from({ length: Math.ceil(all.length / noticeSize) }, (_, part) => (
    JSON.stringify(all.slice(part * noticeSize, (part + 1) * noticeSize))
  ))
}

/** What is no notice of ours says nothing; this process looks for itself soon. */
function readNotice(payload: string | undefined): Growth {
  try {
    return new Map(JSON.parse(payload ?? '') as [string, number][])
  } catch {
    return new Map()
  }
}
