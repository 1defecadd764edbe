import type { Event } from '@hilo/contract'

/** An event for `EventSource`: https://html.spec.whatwg.org/multipage/server-sent-events.html. JSON has no line breaks. */
export function formatEvent(event: Event): Buffer {
  return Buffer.from(`event: ${event.type}\nid: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`)
}
