import autocannon from 'autocannon'
import { createRecorder, type Measurement, type Recorder, type Span } from './measurement.ts'
import { takeOrder } from './take-order.ts'
import { type HttpRequest, readRequest, type ReadTarget, recordRequest, type Workload } from './workload.ts'

/** Load for an HTTP server: messages to record, or pages to read. */
export interface LoadOrder extends Span {
  url: string
  connections: number
  /** Number of the first message; no two of one database may share theirs. */
  firstNumber: number
  workload: Workload
  /** Read these instead of recording. */
  targets?: ReadTarget[]
}

/** What autocannon hands to both callbacks of one request. */
interface RequestContext {
  n: number
}

function buildRequest(n: number, { targets, workload }: LoadOrder): HttpRequest {
  return targets ? readRequest(n, targets) : recordRequest(n, workload)
}

interface Answer {
  status: number
  body: string
}

function noteAnswer(recorder: Recorder, { n }: RequestContext, { status, body }: Answer): void {
  if (status !== 200) return recorder.failed(`${status} ${body}`)
  const { messageId } = JSON.parse(body) as { messageId?: string }
  if (messageId !== undefined) recorder.acknowledged(n, messageId)
}

async function generateLoad(order: LoadOrder): Promise<Measurement> {
  const recorder = createRecorder(order)
  let next = order.firstNumber
  const { errors } = await autocannon({
    url: order.url,
    connections: order.connections,
    duration: order.warmUpSeconds + order.seconds,
    timeout: 30,
    setupClient: (client) => client.on('response', (status, _bytes, tookMs) => {
      if (status === 200) recorder.succeeded(tookMs)
    }),
    requests: [{
      setupRequest: (request, context) => {
        const n = next++
        Object.assign(context, { n } satisfies RequestContext)
        return Object.assign(request, buildRequest(n, order))
      },
      onResponse: (status, body, context) => noteAnswer(recorder, context as RequestContext, { status, body }),
    }],
  })
  for (let count = 0; count < errors; count++) recorder.failed('a connection broke, or no answer came within 30 s')
  return recorder.result()
}

takeOrder(generateLoad)
