import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/**
 * When the server closes, answers to requests that are already there tell their connections to end as well. Fastify
 * closes only those that are idle at that moment; any other would keep the process waiting for its client. So would one
 * on which nothing has come yet, as clients open to have them ready: it is cut.
 */
export function drainConnections(app: FastifyInstance): void {
  const inFlight = new Set<ServerResponse>()
  const connections = new Set<Socket>()
  let isClosing = false
  app.server.on('connection', (socket) => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
  })
  app.addHook('onRequest', (_request, { raw }, done) => {
    inFlight.add(raw)
    raw.shouldKeepAlive &&= !isClosing
    done()
  })
  app.addHook('onResponse', (_request, { raw }, done) => {
    inFlight.delete(raw)
    done()
  })
  app.addHook('preClose', (done) => {
    isClosing = true
    for (const answer of inFlight) answer.shouldKeepAlive = false
    for (const socket of connections) if (socket.bytesRead === 0) socket.destroy()
    done()
  })
}
