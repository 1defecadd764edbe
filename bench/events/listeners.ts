import type { Children } from '../children.ts'
import type { Tenant } from '../workload.ts'
import { createEndpoint } from './api.ts'
import type { ReadersEnding, ReadersOrder, ReadersResult } from './stream-readers.ts'
import type { ReceiverEnding, ReceiverOrder, ReceiverReady, ReceiverResult } from './webhook-receiver.ts'
import { startWorker, type Worker } from './worker.ts'

/** Who listens while messages are recorded. */
export interface Audience {
  /** Readers of the stream, spread over the organizations in turn. */
  readers: number
  /** Organizations with a webhook endpoint that answers at once. */
  endpoints: number
  /** How many of these have a second one that never answers. */
  hanging: number
}

/** What came to them. */
export interface Heard {
  readers?: ReadersResult
  webhooks?: ReceiverResult & {
    /** Number of the first event that each endpoint gets. */
    firstSeqs: number[]
  }
}

export interface Listeners {
  /** Waits until all that happened has arrived, or until patience ends; numbers of the organizations' newest events. */
  finish(lastSeqs: number[]): Promise<Heard>
}

interface ListenerOptions {
  url: string
  tenants: readonly Tenant[]
  audience: Audience
}

/** Connects the readers and creates the endpoints, each kind with a process of its own behind it. */
export async function startListeners(children: Children, options: ListenerOptions): Promise<Listeners> {
  const { readers, endpoints } = options.audience
  const streams = readers > 0 ? await startReaders(children, options) : undefined
  const webhooks = endpoints > 0 ? await startReceiver(children, options) : undefined
  return {
    finish: async (lastSeqs) => ({
      readers: await streams?.finish({ lastSeqs }), webhooks: await webhooks?.(lastSeqs),
    }),
  }
}

function startReaders(
  children: Children, { url, tenants, audience }: ListenerOptions,
): Promise<Worker<object, ReadersEnding, ReadersResult>> {
  const organizations = tenants.map(({ organizationId, key }) => ({ organizationId, key }))
  const order: ReadersOrder = { url, organizations, readers: audience.readers }
  return startWorker(children, 'bench/events/stream-readers.ts', order)
}

/** @returns what to call with the numbers of the newest events. */
async function startReceiver(
  children: Children, { url, tenants, audience: { endpoints, hanging } }: ListenerOptions,
): Promise<(lastSeqs: readonly number[]) => Promise<Heard['webhooks']>> {
  const receiver = await startWorker<ReceiverOrder, ReceiverReady, ReceiverEnding, ReceiverResult>(
    children, 'bench/events/webhook-receiver.ts', { endpoints },
  )
  const firstSeqs: number[] = []
  for (const [place, tenant] of tenants.slice(0, endpoints).entries()) {
    firstSeqs.push(await createEndpoint(url, tenant, `${receiver.ready.url}/answer/${place}`))
    if (place < hanging) await createEndpoint(url, tenant, `${receiver.ready.url}/hang`)
  }
  return async (lastSeqs) => {
    const expected = firstSeqs.map((firstSeq, place) => lastSeqs[place]! - firstSeq + 1)
    return { ...await receiver.finish({ expected }), firstSeqs }
  }
}
