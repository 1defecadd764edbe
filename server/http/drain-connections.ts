import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/**
 * When the server closes, answers to requests that are already there tell their connections to end as well. Fastify
 * closes only those that are idle at that moment; any other would keep the process waiting for its client. So would one
 * on which nothing has come yet, as clients open to have them ready: it is cut.
 *
 * One place for each connection, not a set of the answers in flight: whenever a set that grows and shrinks makes itself
 * a new table, V8's old one goes on pointing at it, and all that ever was in them stays in memory for long.
 */
export function drainConnections(app: FastifyInstance): void {
  const answers = new Map<Socket, ServerResponse | undefined>()
  let isClosing = false
  app.server.on('connection', (socket) => {
    answers.set(socket, undefined)
    socket.once('close', () => answers.delete(socket))
  })
  app.addHook('onRequest', ({ socket }, { raw }, done) => {
    if (answers.has(socket)) answers.set(socket, raw)
    raw.shouldKeepAlive &&= !isClosing
    done()
  })
  app.addHook('onResponse', ({ socket }, { raw }, done) => {
    if (answers.get(socket) === raw) answers.set(socket, undefined)
    done()
  })
  app.addHook('preClose', (done) => {
    isClosing = true
    for (const [socket, answer] of answers) {
      if (answer) answer.shouldKeepAlive = false
      if (socket.bytesRead === 0) socket.destroy()
    }
    done()
  })
}
