import { Agent, request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { percentiles, type Percentiles } from '../measurement.ts'
import { takeOrder } from '../take-order.ts'
import { modelAnswer } from './model-pieces.ts'

/** One call, as it is repeated. */
export interface Call {
  url: string
  headers: Record<string, string>
  body: string
  /** In what comes back, with the model's first word. */
  firstWord: string
  /** In what comes back, when it is whole. */
  isWhole: 'pieces' | 'answer'
}

export interface AskOrder {
  /** Of each client: it calls again as soon as it has its answer. */
  calls: Call[]
  warmUpSeconds: number
  seconds: number
}

export interface AskResult {
  count: number
  whole: Percentiles
  first: Percentiles
  failed: number
  firstFailure?: string
}

/**
 * People think before they write on, some longer than others. Without it all clients go in step: they are answered
 * together, and ask again in the same moment.
 */
const mostThoughtMs = 1000

interface Took {
  wholeMs: number
  firstMs: number
}

/** Sends a call and waits for the whole answer. */
function send({ url, headers, body, firstWord, isWhole }: Call, agent: Agent): Promise<Took> {
  const start = performance.now()
  return new Promise((resolve, reject) => {
    const sending = request(url, { method: 'POST', agent, headers }, (response) => {
      let text = ''
      let firstMs: number | undefined
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
        if (firstMs === undefined && text.includes(firstWord)) firstMs = performance.now() - start
      })
      response.once('error', reject)
      response.once('end', () => {
        const isGood = response.statusCode === 200 && firstMs !== undefined
          && (isWhole === 'pieces' ? text.endsWith('[DONE]\n\n') : text.includes(modelAnswer))
        if (isGood) resolve({ wholeMs: performance.now() - start, firstMs: firstMs! })
        else reject(new Error(`${response.statusCode} ${text.slice(0, 300)}`))
      })
    })
    sending.once('error', reject)
    sending.end(body)
  })
}

async function ask({ calls, warmUpSeconds, seconds }: AskOrder): Promise<AskResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: calls.length })
  const from = performance.now() + warmUpSeconds * 1000
  const to = from + seconds * 1000
  const took: Took[] = []
  const failures: string[] = []
  const repeat = async (call: Call): Promise<void> => {
    while (performance.now() < to) {
      await wait(Math.random() * mostThoughtMs)
      try {
        const one = await send(call, agent)
        const now = performance.now()
        if (now >= from && now < to) took.push(one)
      } catch (error) {
        failures.push(String(error))
      }
    }
  }
  await Promise.all(calls.map(repeat))
  agent.destroy()
  return {
    count: took.length, failed: failures.length, firstFailure: failures[0],
    whole: percentiles(took.map(({ wholeMs }) => wholeMs)), first: percentiles(took.map(({ firstMs }) => firstMs)),
  }
}

takeOrder(ask)
