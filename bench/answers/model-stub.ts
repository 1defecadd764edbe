import { createServer, type ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { modelPieces } from './model-pieces.ts'

/** A model behind OpenAI's chat completions that thinks for a fixed time, and then says the same to everybody. */
const delayMs = Number(process.env.MODEL_DELAY_MS)

const frame = (more: object) => `data: ${JSON.stringify({
  id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'stub', ...more,
})}\n\n`

const choice = (delta: object, finish: string | null = null) => frame({
  choices: [{ index: 0, delta, finish_reason: finish }],
})

async function answer(response: ServerResponse): Promise<void> {
  await wait(delayMs)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const content of modelPieces) response.write(choice({ content }))
  response.write(choice({}, 'stop'))
  response.write(frame({ choices: [], usage: { prompt_tokens: 200, completion_tokens: 20, total_tokens: 220 } }))
  response.end('data: [DONE]\n\n')
}

createServer((request, response) => {
  if (request.url === '/readyz') return void response.end()
  request.resume().once('end', () => void answer(response))
}).listen(Number(process.env.HILO_PORT), '127.0.0.1')
