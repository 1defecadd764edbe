import type { FastifyReply } from 'fastify'

/**
 * Answers as Server-Sent Events, in the framing of the API: one `endpoint_response` event, then `[DONE]`. Clients of
 * the reference percent-decode the data, others do not: the JSON holds no percent sign (`\u0025` stands for it), so
 * both read the same.
 */
export function streamAnswer(reply: FastifyReply, answer: object): FastifyReply {
  const data = JSON.stringify(answer).replaceAll('%', '\\u0025')
  return reply
    .header('content-type', 'text/event-stream; charset=utf-8')
    .header('cache-control', 'no-cache, no-transform')
    .header('x-accel-buffering', 'no')
    .serializer((text: string) => text)
    .send(`event: endpoint_response\ndata: ${data}\n\nevent: \ndata: [DONE]\n\n`)
}
