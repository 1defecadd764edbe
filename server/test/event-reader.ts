import type { TestContext } from 'node:test'
import { type Event, eventTypes } from '@hilo/contract'
import { EventSource } from 'eventsource'
import type { Hilo } from './start-hilo.ts'

export interface EventReader {
  /** In the order of arrival. */
  events: Event[]
  /** Why the server ended the stream, each time it did. */
  endings: { code: string, after: number }[]
  /** Resolves once `isEnough` of what has arrived. */
  until(isEnough: (reader: EventReader) => boolean): Promise<void>
  close(): void
}

/** Reads `GET /api/events/stream` as a browser does: after a break it comes back by itself with `Last-Event-ID`. */
export async function openReader(
  t: TestContext, { url, key }: Pick<Hilo, 'url' | 'key'>, query = '',
): Promise<EventReader> {
  const source = new EventSource(`${url}/api/events/stream${query}`, {
    fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, authorization: `Bearer ${key}` } }),
  })
  const waiting = new Set<() => void>()
  const reader: EventReader = {
    events: [],
    endings: [],
    until: (isEnough) => new Promise((resolve) => {
      const look = () => {
        if (!isEnough(reader)) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    }),
    close: () => source.close(),
  }
  for (const type of eventTypes) {
    source.addEventListener(type, ({ data, lastEventId }) => {
      const event = JSON.parse(data) as Event
      if (String(event.seq) !== lastEventId || event.type !== type) throw new Error(`${type} ${lastEventId}: ${data}`)
      reader.events.push(event)
      for (const look of waiting) look()
    })
  }
  source.addEventListener('end', ({ data }) => {
    reader.endings.push(JSON.parse(data) as EventReader['endings'][number])
    for (const look of waiting) look()
  })
  t.after(() => source.close())
  await new Promise<void>((resolve, reject) => {
    source.addEventListener('open', () => resolve())
    source.addEventListener('error', ({ code, message }) => reject(new Error(`${code} ${message}`)))
  })
  return reader
}
