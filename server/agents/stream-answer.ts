import type { FastifyReply } from 'fastify'
import { eventStreamHeaders } from '../http/event-stream-headers.ts'
import { doneFrame, writeJsonFrame } from './answer-frames.ts'

/** Answers as Server-Sent Events, in the framing of the API: one `endpoint_response` event, then `[DONE]`. */
export function streamAnswer(reply: FastifyReply, answer: object): FastifyReply {
  return reply.headers(eventStreamHeaders).serializer((text: string) => text)
    .send(writeJsonFrame('endpoint_response', answer) + doneFrame)
}
