import { QueryAgentAnswer, QueryAgentBody } from '@hilo/contract'
import Fastify from 'fastify'

/** What Fastify alone costs: the same body, checked by the same schema, and the same four keys in the answer. */
const app = Fastify({ ajv: { customOptions: { allowUnionTypes: true } } })
const answer = {
  messageId: 'cmi9q2x7a0k3v8d1w5r6t9y2z',
  conversationId: 'cmi9q2x79b4n6m1q8s3f7h0j5',
  visitorId: '5491155550000',
  status: 'UNRESOLVED',
} as const

app.get('/readyz', async () => ({}))
app.post('/api/agents/:id/query-agent', {
  schema: { body: QueryAgentBody, response: { 200: QueryAgentAnswer } },
}, async () => answer)

await app.listen({ host: '127.0.0.1', port: Number(process.env.HILO_PORT) })
