import { Agent, request } from 'node:http'
import { createRecorder, type Measurement, type Recorder, type Span } from '../measurement.ts'
import { takeOrder } from '../take-order.ts'
import { type HttpRequest, recordRequest, type Workload } from '../workload.ts'

/** Messages at their times, whether those before were answered or not. */
export interface PacedOrder extends Span {
  url: string
  /** Messages a second. */
  rate: number
  workload: Workload
}

interface Sender {
  url: string
  agent: Agent
}

const timeoutMs = 30_000
/** A server that falls behind is not buried under connections as well; what waits for one is late all the same. */
const maxSockets = 256

interface Answer {
  status: number
  body: string
}

function send({ url, agent }: Sender, { method, path, headers, body = '' }: HttpRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      agent, method, timeout: timeoutMs, headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    }
    const outgoing = request(url + path, options, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.once('end', () => resolve({ status: response.statusCode!, body: text })).once('error', reject)
    })
    outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer came within ${timeoutMs / 1000} s`)))
    outgoing.once('error', reject).end(body)
  })
}

/** An answer's time counts from when the message was due: what waits because the sender is late counts, too. */
async function record(sender: Sender, recorder: Recorder, message: { n: number, dueMs: number, request: HttpRequest }) {
  try {
    const { status, body } = await send(sender, message.request)
    if (status !== 200) return recorder.failed(`${status} ${body}`)
    recorder.succeeded(performance.now() - message.dueMs)
    const { messageId } = JSON.parse(body) as { messageId: string }
    return recorder.acknowledged(message.n, messageId)
  } catch (error) {
    return recorder.failed(String(error))
  }
}

async function generateLoad({ url, rate, workload, warmUpSeconds, seconds }: PacedOrder): Promise<Measurement> {
  const recorder = createRecorder({ warmUpSeconds, seconds })
  const sender = { url, agent: new Agent({ keepAlive: true, maxSockets }) }
  const sent: Promise<void>[] = []
  const startMs = performance.now()
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min((performance.now() - startMs) / 1000, warmUpSeconds + seconds) * rate
      while (sent.length < due) {
        const n = sent.length
        const dueMs = startMs + n * 1000 / rate
        sent.push(record(sender, recorder, { n, dueMs, request: recordRequest(n, workload) }))
      }
      if (!recorder.isOver()) return
      clearInterval(timer)
      resolve()
    }, 1)
  })
  await Promise.all(sent)
  sender.agent.destroy()
  return recorder.result()
}

takeOrder(generateLoad)
