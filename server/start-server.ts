import type { AddressInfo } from 'node:net'
import { buildApp } from './app.ts'
import type { Config } from './config.ts'
import type { OpenDatabase } from './database/open.ts'
import type { AppOptions } from './http/create-app.ts'
import type { HiloApp } from './http/hilo-app.ts'
import { createIngest } from './ingest.ts'

export interface RunningServer {
  app: HiloApp
  /** `http://127.0.0.1:3000` */
  url: string
  /** Takes no new requests, finishes those in flight. The database stays open: whoever opened it closes it. */
  stop(): Promise<void>
}

/** Wires the parts on an open database and listens. */
export async function startServer(
  config: Config,
  { database, ...options }: { database: OpenDatabase } & AppOptions,
): Promise<RunningServer> {
  const ingest = createIngest(database)
  const app = await buildApp({ config, database, ingest }, options)
  await app.listen({ host: config.host, port: config.port })
  const { address, family, port } = app.server.address() as AddressInfo
  return {
    app,
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    stop: async () => {
      await app.close()
      await ingest.close()
    },
  }
}
