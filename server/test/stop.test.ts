import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { readConfig } from '../config.ts'
import { startServer } from '../start-server.ts'
import { testSecret } from './start-hilo.ts'
import { openTestDatabase } from './test-databases.ts'

test('a client that only holds a connection open does not keep the server from stopping', async (t) => {
  const database = await openTestDatabase('pglite')
  t.after(() => database.close())
  const server = await startServer({ ...readConfig({}), port: 0, logLevel: 'silent', secret: testSecret }, { database })
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  await once(socket, 'connect')
  await fetch(`${server.url}/livez`)
  const stopped = server.stop()
  t.after(async () => {
    socket.destroy()
    await stopped
  })
  await stopped
})
